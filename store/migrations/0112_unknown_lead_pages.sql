-- Pages whose leads the app of this install is posted, though no source takes them: their leads are counted, not kept.
create table unknown_lead_pages (
    page_id  text primary key,
    leads    bigint not null,
    first_at timestamptz not null,
    last_at  timestamptz not null
);
create index unknown_lead_pages_by_time on unknown_lead_pages (last_at desc, page_id);
