-- Templates of messages: a draft that changes, and versions that never do (docs/decisions/0030-audience.md).
create table templates (
    id          bigint generated always as identity primary key,
    account_id  bigint not null references accounts (id),
    key         text not null,
    name        text not null,
    draft       jsonb not null,                  -- texts by channel and language, as they were given
    published   integer,                         -- the number of the version that sends take; null: none yet
    versions    integer not null default 0,      -- how many there are
    archived_at timestamptz,
    created_at  timestamptz not null default clock_timestamp(),
    updated_at  timestamptz not null default clock_timestamp(),
    unique (account_id, key)
);
create index templates_newest on templates (account_id, id);

create table template_versions (
    id          bigint generated always as identity primary key,
    template_id bigint not null references templates (id),
    number      integer not null,
    body        jsonb not null,                  -- as the draft was
    ready       jsonb not null,                  -- as sends take it: MJML compiled, the preheader in its place
    note        text not null default '',
    made_from   integer,                         -- the older version that was published again
    created_at  timestamptz not null default clock_timestamp(),
    unique (template_id, number)
);

-- Which version messages were made from.
create table sent_templates (
    id         uuid not null,                    -- a page, or the batch that its page belongs to
    version_id bigint not null references template_versions (id),
    indexes    integer[],                        -- of the messages in the page; null: all
    primary key (id, version_id)
);
create index sent_templates_of_version on sent_templates (version_id);

-- Grows with every version that is published, so that processes know what they remember no longer holds.
alter table accounts add column templates_version bigint not null default 0;
