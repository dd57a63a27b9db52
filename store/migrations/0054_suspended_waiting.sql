-- Whether a suspended account's waiting messages are cancelled. Without it they wait, as before.
alter table accounts add column cancels_waiting boolean not null default false;
