-- runs outside a transaction
-- Lists for staff: suppressions by age and by recipient, messages from people by age and by sender, endpoints by age.
create index concurrently if not exists suppressions_newest
    on suppressions (created_at, account_id, channel, recipient);
create index concurrently if not exists suppressions_account_newest
    on suppressions (account_id, created_at, channel, recipient);
create index concurrently if not exists suppressions_recipient on suppressions (recipient);
create index concurrently if not exists inbound_messages_newest on inbound_messages (received_at, id);
create index concurrently if not exists inbound_messages_sender on inbound_messages (sender, received_at, id);
create index concurrently if not exists callback_endpoints_newest on callback_endpoints (created_at, id);
