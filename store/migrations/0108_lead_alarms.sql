-- Alarms of sources, and when leads were answered: looked at seldom, the longer nothing happens.
alter table lead_sources
    add column silence_at timestamptz not null default clock_timestamp() + interval '1 hour'; -- when to look for silence
create index lead_sources_silence on lead_sources (silence_at);
create index lead_sources_token on lead_sources (token_until) where token_until is not null;

alter table leads add column reply_look_at timestamptz default clock_timestamp(); -- null: nobody looks any more
drop index leads_unanswered;
create index leads_reply_look on leads (reply_look_at)
    where first_reply_at is null and answered is not null;
