-- Templates of WhatsApp, as Meta has approved them or not (docs/gateways.md).
create table provider_templates (
    gateway_id      uuid not null references gateways (id) on delete cascade,
    name            text not null,
    language        text not null,
    provider_id     text not null,
    category        text not null,
    status          text not null,
    quality         text,
    rejected_reason text,
    components      jsonb not null,
    primary key (gateway_id, name, language)
);

-- When a gateway's templates are read again. A gateway without a row was never read: nothing is checked by it.
create table template_syncs (
    gateway_id uuid primary key references gateways (id) on delete cascade,
    due_at     timestamptz not null default clock_timestamp(),
    synced_at  timestamptz,                     -- null: not yet
    failure    text                             -- why the last try failed
);
create index template_syncs_due on template_syncs (due_at);
