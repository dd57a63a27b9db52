-- runs outside a transaction
alter table contact_events validate constraint contact_events_end;
