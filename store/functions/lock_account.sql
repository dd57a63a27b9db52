-- Take the lock that orders all holds of an account and makes a concurrent repeat of a call wait.
create or replace function lock_account(p_account bigint, p_channel text, p_first uuid) returns void language plpgsql as $$
begin
    perform from wallets w where w.account_id = p_account and w.channel = p_channel for update;
    if not found then  -- the admin has no wallet: its pages need not wait for each other, but repeats must
        perform pg_advisory_xact_lock(hashtextextended(p_first::text, 0));
    end if;
end $$;
