-- Trigger of partitioned tables: refuse statements of older code that choose rows by their ctid, which is one of a row in
-- each partition.
create or replace function refuse_ctid() returns trigger language plpgsql as $$
begin
    raise feature_not_supported using message = 'rows of a partitioned table cannot be chosen by their ctid';
end $$;
