-- How much slower urgent messages are than at best, as each process that dispatches them finds it once a second. Worth
-- something for seconds: unlogged, because after a crash nobody wants it.
create unlogged table slowdowns (
    process_id uuid primary key,
    slowdown   double precision not null,
    said_at    timestamptz not null
) with (fillfactor = 50);
