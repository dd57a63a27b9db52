-- What messages cost by a plan: channel, prefix of the number, category, credits. The version is another one whenever
-- they change: processes keep rates by it.
alter table plans
    add column rates jsonb not null default '[]';
alter table plans
    add column rates_version bigint generated always as (
        case when rates <> '[]' then hashtextextended(rates::text, 0) end) stored;
