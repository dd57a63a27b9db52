-- When automations look for contacts by themselves: for their dates, and as a schedule says.
create table automation_clocks (
    automation_id uuid not null references automations (id) on delete cascade,
    place         smallint not null,             -- the trigger's, in the definition
    account_id    bigint not null,
    rule          text not null,                 -- the trigger with what it goes by: another one begins anew
    next_at       timestamptz not null,          -- when it is to look next; while it looks, when that began
    done_until    timestamptz not null,          -- what was due up to then has been looked for
    round_at      timestamptz,                   -- up to when it looks now; null: it does not
    after         uuid,                          -- the last contact that it has looked at
    primary key (automation_id, place)
);
create index automation_clocks_due on automation_clocks (next_at);
