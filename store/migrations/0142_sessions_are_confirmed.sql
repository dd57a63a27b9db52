-- When who uses a session proved last that it is still they; null: when it began. One of staff in the account of a user
-- has none of its own.
alter table sessions add column confirmed_at timestamptz;
