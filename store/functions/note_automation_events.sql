-- Have automations look at events of contacts, of those names that one of the account's automations listens to: for
-- other accounts it costs one look for each statement.
create or replace function note_automation_events() returns trigger language plpgsql as $$
declare
    v_hops constant integer := coalesce(nullif(current_setting('xsender.hops', true), ''), '0');
begin
    insert into automation_events (account_id, source, contact_id, name, at, data, hops)
        select n.account_id, n.source, n.contact_id, n.name, n.at, n.data, v_hops
        from new_events n join automation_event_names l on l.account_id = n.account_id and l.name = n.name
        on conflict do nothing;
    return null;
end $$;
