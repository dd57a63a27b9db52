-- Reports that harm the name of a sender: complaints, addresses that do not work, messages that a network did not deliver.
-- Good reports are not in it: a rate is made of these and a bounded count of what was sent.
create table bad_reports (
    id         bigint generated always as identity primary key,
    at         timestamptz not null default clock_timestamp(),  -- when it was recorded
    account_id bigint not null,
    gateway_id uuid,
    channel    text not null,
    batch_id   uuid,               -- null: the message was sent by itself
    kind       text not null check (kind in ('complaint', 'hard_bounce', 'undelivered')),
    is_new     boolean not null default true  -- whether the reputation guard has not seen it
);
create index bad_reports_account on bad_reports (account_id, channel, at);
create index bad_reports_gateway on bad_reports (gateway_id, at);
create index bad_reports_batch on bad_reports (batch_id) where batch_id is not null;
create index bad_reports_new on bad_reports (id) where is_new;
create index bad_reports_age on bad_reports (at);

-- What the guard found: it warned, or paused. One of account, gateway and batch is what it is about.
create table reputation_findings (
    id         uuid primary key default gen_random_uuid(),
    at         timestamptz not null default clock_timestamp(),
    subject    text not null check (subject in ('account', 'gateway', 'batch')),
    account_id bigint not null,    -- whose account or batch, or who has the gateway; 0: the admin
    gateway_id uuid,
    batch_id   uuid,
    channel    text not null,
    level      text not null check (level in ('warning', 'pause')),
    signal     text not null,
    hours      integer,            -- of the window; null: all of the batch
    bad        bigint not null,
    sent       bigint not null,
    sentence   text not null,
    ended_at   timestamptz,        -- of a pause: when somebody ended it
    acted_at   timestamptz,        -- of a batch's pause: when its workflow was told
    mail_due   timestamptz         -- when its mails are to be sent; null: they were
);
create index reputation_findings_account on reputation_findings (account_id, at);
create index reputation_findings_gateway on reputation_findings (gateway_id, at) where gateway_id is not null;
create index reputation_findings_batch on reputation_findings (batch_id, at) where batch_id is not null;
create index reputation_findings_mail on reputation_findings (mail_due) where mail_due is not null;
create index reputation_findings_open on reputation_findings (id) where level = 'pause' and acted_at is null;

-- Whether a pause leaves transactional messages alone. The workers of the release before hold them as well.
alter table sending_pauses add column spares_transactional boolean not null default false;

-- Gateways through which only transactional messages are sent. Few rows at any time.
create table gateway_pauses (
    gateway_id uuid primary key references gateways (id),
    id         uuid not null default gen_random_uuid(),
    reason     text not null,
    created_at timestamptz not null default clock_timestamp()
);

alter table accounts add column reputation_guard text
    check (reputation_guard in ('off', 'warn', 'pause'));  -- null: as the install
