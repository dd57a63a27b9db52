-- The country in which an account's numbers without a country code are dialled; null: the install's.
alter table accounts add column default_region text check (default_region ~ '^[A-Z]{2}$');
