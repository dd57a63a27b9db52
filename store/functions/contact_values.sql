-- The fields of a contact, its own and custom ones, by their names.
create or replace function contact_values(
    p_fields jsonb, p_email text, p_phone text, p_whatsapp text, p_external_id text, p_first_name text, p_last_name text,
    p_language text, p_country text, p_time_zone text
) returns jsonb language sql stable as $$
    select p_fields || jsonb_strip_nulls(jsonb_build_object(
        'email', p_email, 'phone', p_phone, 'whatsapp', p_whatsapp, 'external_id', p_external_id,
        'first_name', p_first_name, 'last_name', p_last_name, 'language', p_language, 'country', p_country,
        'time_zone', p_time_zone))
$$;
