-- Keys that are narrowed, test keys, and what a key may spend in a day. Messages carry their key only where that matters.

alter table api_keys
    add column rate_class text,
    add column spend_cap  bigint check (spend_cap > 0),
    drop constraint api_keys_kind,
    add constraint api_keys_kind check (
        case kind when 'user' then account_id > 0 and staff_id is null
                  when 'test' then account_id > 0 and staff_id is null
                  when 'admin' then account_id = 0 and staff_id is null
                  when 'staff' then account_id = 0 and staff_id is not null
                  else false end);

alter table messages
    add column key_id text,
    add column test   boolean not null default false;

alter table batches
    add column key_id text,
    add column test   boolean not null default false;

-- Credits that were held for the messages of a key on a day of its account, without those that were released. Only of keys
-- with a limit.
create table key_spend (
    key_id  text not null,
    day     date not null,
    credits bigint not null,
    primary key (key_id, day)
);
