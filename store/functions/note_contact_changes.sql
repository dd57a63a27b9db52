-- Have automations look at changes of contacts, wherever they come from (heard_changes). For accounts whose automations ask
-- for none it costs two looks for each statement. The settings: old and new rows are joined by hash, however many they are.
create or replace function note_contact_changes() returns trigger language plpgsql
set enable_hashjoin = on set enable_nestloop = off set jit = off as $$
declare
    v_first bigint;
    v_last bigint;
    v_all constant text[] := array[
        'contact.tag_added', 'contact.tag_removed', 'contact.group_added', 'contact.group_removed', 'contact.field_changed'];
    v_names text[];
begin
    select min(account_id), max(account_id) into v_first, v_last from new_contacts;
    select array_agg(l.name) into v_names from (
        select kind as name from automation_triggers
            where account_id between v_first and v_last and kind = any(v_all)
        union
        select name from automation_event_names where account_id between v_first and v_last and name = any(v_all)
    ) as l;
    if v_names is null then
        return null;
    end if;
    if tg_op = 'INSERT' then
        perform heard_changes(array_agg(n.account_id), array_agg(n.id), array_agg(c.name), array_agg(c.about),
                              array_agg(c.data))
        from new_contacts n cross join lateral contact_changes(
            v_names, n.account_id, '{}', n.tags, '{}', n.groups, '{}',
            contact_values(n.fields, n.email, n.phone, n.whatsapp, n.external_id, n.first_name, n.last_name, n.language,
                           n.country, n.time_zone)) as c;
    else
        perform heard_changes(array_agg(n.account_id), array_agg(n.id), array_agg(c.name), array_agg(c.about),
                              array_agg(c.data))
        from new_contacts n join old_contacts o on o.id = n.id cross join lateral contact_changes(
            v_names, n.account_id, o.tags, n.tags, o.groups, n.groups,
            contact_values(o.fields, o.email, o.phone, o.whatsapp, o.external_id, o.first_name, o.last_name, o.language,
                           o.country, o.time_zone),
            contact_values(n.fields, n.email, n.phone, n.whatsapp, n.external_id, n.first_name, n.last_name, n.language,
                           n.country, n.time_zone)) as c;
    end if;
    return null;
end $$;
