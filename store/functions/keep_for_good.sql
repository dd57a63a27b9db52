-- Trigger of suppressions: one for good takes the place of one that ends, whoever writes it, and however.
create or replace function keep_for_good() returns trigger language plpgsql as $$
begin
    delete from suppressions s where s.account_id = new.account_id and s.channel = new.channel
        and s.recipient = new.recipient and s.until is not null;
    return new;
end $$;
