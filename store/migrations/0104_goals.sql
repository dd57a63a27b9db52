-- The event that the newest version has as its goal: it may come when the contact's run has ended.
alter table automations add column goal text;
