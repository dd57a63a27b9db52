-- What a request was answered that failed: [{"code", "pointer", "message"}, …], without personal data. null: it succeeded,
-- it was answered before this was kept, or its answer was of another form.
alter table request_log add column errors jsonb;
