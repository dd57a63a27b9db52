-- The date that a JSON value is; null: it is none. domain/audience/conditions/values.py has the same form: only what is
-- a date matches it, so that the cast cannot fail.
create or replace function json_day(p_value jsonb) returns date language sql stable parallel safe as $$
    select case when jsonb_typeof(p_value) = 'string' and (p_value #>> '{}')
        ~ '^((19|20|21)[0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|((19|20|21)(0[48]|[2468][048]|[13579][26])|2000)-02-29)$'
        then (p_value #>> '{}')::date end
$$;
