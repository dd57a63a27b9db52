-- Have automations look at those of some changes of contacts that a trigger of an active automation is about. Those that runs
-- may wait for are recorded as events of the contact, which has them looked at too.
create or replace function heard_changes(
    p_accounts bigint[], p_contacts uuid[], p_names text[], p_abouts text[], p_data jsonb[]
) returns void language sql as $$
    with heard as materialized (
        select c.*, gen_random_uuid() as source, clock_timestamp() as at,
               exists (select from automation_event_names l
                       where l.account_id = c.account_id and l.name = c.name) as is_recorded,
               exists (select from automation_triggers t
                       where t.account_id = c.account_id and t.kind = c.name and t.name = c.about) as begins
        from unnest(p_accounts, p_contacts, p_names, p_abouts, p_data) as c (account_id, contact_id, name, about, data)
    ), recorded as (
        insert into contact_events (account_id, contact_id, name, at, data, source)
        select account_id, contact_id, name, at, data, source from heard where is_recorded
    )
    insert into automation_events (account_id, source, contact_id, name, at, data, hops)
    select account_id, source, contact_id, name, at, data,
           coalesce(nullif(current_setting('xsender.hops', true), ''), '0')::integer
    from heard where begins and not is_recorded
$$;
