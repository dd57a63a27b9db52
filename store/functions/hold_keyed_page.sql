-- For workers of the release before, whose messages are all transactional: as hold_purposed_page.
create or replace function hold_keyed_page(
    p_account bigint, p_channel text, p_uids uuid[], p_recipients text[], p_prices integer[],
    p_schedule timestamptz[], p_on_unknown text[], p_exempt boolean, p_key text, p_test boolean
) returns table (place integer, code text) language sql as $$
    select place, code from hold_purposed_page(
        p_account, p_channel, p_uids, p_recipients, p_prices, p_schedule, p_on_unknown, p_exempt, p_key, p_test, null)
$$;
