-- What differs between a contact before and after, by the names of events (domain/audience/changes.py); of these names only.
-- Nothing is told of groups and fields that are being deleted.
create or replace function contact_changes(
    p_names text[], p_account bigint, p_tags text[], p_new_tags text[], p_groups bigint[], p_new_groups bigint[],
    p_fields jsonb, p_new_fields jsonb
) returns table (name text, about text, data jsonb) language sql stable as $$
    select 'contact.tag_added', t.tag, jsonb_build_object('tag', t.tag) from unnest(p_new_tags) as t (tag)
        where 'contact.tag_added' = any(p_names) and not t.tag = any(p_tags)
    union all
    select 'contact.tag_removed', t.tag, jsonb_build_object('tag', t.tag) from unnest(p_tags) as t (tag)
        where 'contact.tag_removed' = any(p_names) and not t.tag = any(p_new_tags)
    union all
    select 'contact.group_added', g.key, jsonb_build_object('group', g.key) from contact_groups g
        where 'contact.group_added' = any(p_names) and g.id = any(p_new_groups) and not g.id = any(p_groups)
    union all
    select 'contact.group_removed', g.key, jsonb_build_object('group', g.key) from contact_groups g
        where 'contact.group_removed' = any(p_names) and g.id = any(p_groups) and not g.id = any(p_new_groups)
    union all
    select 'contact.field_changed', f.key,
           jsonb_strip_nulls(jsonb_build_object('field', f.key, 'from', p_fields -> f.key, 'to', p_new_fields -> f.key))
        from jsonb_object_keys(p_fields || p_new_fields) as f (key)
        where 'contact.field_changed' = any(p_names) and (p_fields -> f.key) is distinct from (p_new_fields -> f.key)
            and (f.key in ('email', 'phone', 'whatsapp', 'external_id', 'first_name', 'last_name', 'language', 'country',
                           'time_zone')
                 or exists (select from contact_fields c where c.account_id = p_account and c.key = f.key))
$$;
