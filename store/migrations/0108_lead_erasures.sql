-- Erasures that are to be carried out: the lead itself is emptied at once, the rest once nothing of it is under way.
create table lead_erasures (
    lead_id    uuid primary key,
    account_id bigint not null references accounts (id) on delete cascade,
    contact_id uuid,                        -- who is to be deleted; null: the contact stays
    runs       uuid[] not null,             -- of automations, that the lead began
    due_at     timestamptz not null default clock_timestamp(),
    created_at timestamptz not null default clock_timestamp()
);
create index lead_erasures_due on lead_erasures (due_at);
