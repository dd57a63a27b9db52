-- runs outside a transaction
create index concurrently if not exists automations_goal on automations (account_id, goal) where goal is not null;
