-- Leads (docs/leads.md): where they come from, and each one with what became of it.

create table lead_sources (
    id               uuid primary key,                  -- UUIDv7
    account_id       bigint not null references accounts (id) on delete cascade,
    key              text not null,                     -- by which settings files and automations name it
    kind             text not null,
    name             text not null,
    settings         jsonb not null default '{}',       -- domain/leads/source.py
    sealed           bytea,                             -- credentials, sealed with the key ring
    edition          integer not null default 1,        -- of the credentials: a fault of former ones parks nothing
    state            text not null default 'active',
    parked_code      text,
    parked_reason    text,
    parked_at        timestamptz,
    held_until       timestamptz,                       -- the provider wants no request before
    token_until      timestamptz,                       -- as the provider said when it was asked last
    told             jsonb not null default '{}',       -- which alarms were raised, so that each is raised once
    fetched_at       timestamptz,                       -- when a lead was fetched last
    last_lead_at     timestamptz,
    backfilled_at    timestamptz,                       -- what the provider got before is known
    catch_up_at      timestamptz,                       -- when parked and missed leads are looked for next
    unknown          bigint not null default 0,         -- posts about a form that is not its own
    refused          bigint not null default 0,         -- posts that were not signed, or could not be read
    last_refused_at  timestamptz,
    last_refused     text,                              -- why: a code
    turns            bigint not null default 0,         -- leads that somebody was told of in turn
    silence_at       timestamptz not null default clock_timestamp() + interval '1 hour', -- when to look for silence
    created_at       timestamptz not null default clock_timestamp(),
    updated_at       timestamptz not null default clock_timestamp(),
    unique (account_id, key),
    constraint lead_sources_kind check (kind in ('meta', 'google', 'linkedin', 'form')),
    constraint lead_sources_state check (state in ('active', 'parked', 'disabled'))
);
create index lead_sources_silence on lead_sources (silence_at);
create index lead_sources_token on lead_sources (token_until) where token_until is not null;
create index lead_sources_meta_user on lead_sources ((told ->> 'meta_user')) where told ? 'meta_user';
create index lead_sources_catch_up on lead_sources (catch_up_at) where catch_up_at is not null;

-- What posts name a source by: a page, an account, the digest of a key.
create table lead_source_names (
    kind      text not null,                            -- meta, google, linkedin
    name      text not null,
    source_id uuid not null references lead_sources (id) on delete cascade,
    primary key (kind, name, source_id)
);
create index lead_source_names_of on lead_source_names (source_id);

create table leads (
    id            uuid primary key,                     -- UUIDv7: in order of arrival
    account_id    bigint not null references accounts (id) on delete cascade,
    source_id     uuid not null references lead_sources (id) on delete cascade,
    provider_id   text not null,                        -- opaque, may be long
    digest        bytea not null,                       -- of the provider's id
    via           text not null,                        -- webhook, form, backfill, import
    state         text not null default 'received',
    code          text,                                 -- why it is in this state
    why           text,                                 -- the same in plain words
    notice        jsonb not null default '{}',          -- what the provider posted, without what is personal
    sealed        bytea,                                -- the raw lead, sealed; null: not fetched yet, or deleted
    form_id       text,
    tries         integer not null default 0,           -- of the fetch, since it worked or the source was resumed
    again_at      timestamptz,                          -- when it is tried again
    contact_id    uuid,
    conflict      jsonb,                                -- other contacts that have one of its addresses
    answered      jsonb,                                -- automation runs and messages that it began
    reply_uid     uuid,                                 -- the message that answers it
    first_reply_at timestamptz,
    created_time  timestamptz,                          -- when the provider got it
    received_at   timestamptz not null default clock_timestamp(),
    started_at    timestamptz,                          -- when its workflow was started; null: nobody noted it
    ended_at      timestamptz,
    reply_look_at timestamptz default clock_timestamp(), -- when to look whether it was answered; null: no more
    unique (source_id, digest)
);
create index leads_of_account on leads (account_id, id);
create index leads_of_source on leads (source_id, id);
create index leads_parked on leads (source_id, id) where state = 'parked';
create index leads_unstarted on leads (received_at) where started_at is null and ended_at is null;
create index leads_of_contact on leads (contact_id) where contact_id is not null;
create index leads_kept on leads (received_at) where sealed is not null;
create index leads_reply_look on leads (reply_look_at) where first_reply_at is null and answered is not null;
