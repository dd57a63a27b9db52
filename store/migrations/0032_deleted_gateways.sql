-- A deleted gateway stays for the messages that were sent through it; its identifier is free. It is disabled as well,
-- which is all that workers of the release before look at.
alter table gateways add column deleted_at timestamptz;
create unique index gateways_identifier on gateways (account_id, channel, identifier) where deleted_at is null;
alter table gateways drop constraint gateways_account_id_channel_identifier_key;
