-- The moment that a JSON value is, an ISO time with its offset; null: it is none. The form is that of
-- domain/audience/conditions/values.py: only what is a time matches it, so that the cast cannot fail.
create or replace function json_time(p_value jsonb) returns timestamptz language sql stable parallel safe as $$
    select case when jsonb_typeof(p_value) = 'string' and (p_value #>> '{}')
        ~ '^((19|20|21)[0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|((19|20|21)(0[48]|[2468][048]|[13579][26])|2000)-02-29)T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$'
        then (p_value #>> '{}')::timestamptz end
$$;
