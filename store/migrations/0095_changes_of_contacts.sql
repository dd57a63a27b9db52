-- Changes of contacts begin runs of automations, and runs wait for them.
alter table automation_events add column hops integer not null default 0;  -- automations that caused each other to come there

create function note_contact_changes() returns trigger language plpgsql as 'begin return null; end';
create trigger contacts_new_automations after insert on contacts
    referencing new table as new_contacts for each statement execute function note_contact_changes();
create trigger contacts_changed_automations after update on contacts
    referencing old table as old_contacts new table as new_contacts
    for each statement execute function note_contact_changes();
