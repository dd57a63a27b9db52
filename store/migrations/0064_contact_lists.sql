-- Indexes by which contacts are listed. Those of addresses are made anew, so that they find how an address begins,
-- whatever the collation of the database is.
drop index contacts_external_id, contacts_email, contacts_phone, contacts_whatsapp;
create unique index contacts_external_id on contacts (account_id, external_id text_pattern_ops)
    where external_id is not null;
create unique index contacts_email on contacts (account_id, recipient_key('email', email) text_pattern_ops)
    where email is not null;
create unique index contacts_phone on contacts (account_id, recipient_key('sms', phone) text_pattern_ops)
    where phone is not null;
create unique index contacts_whatsapp on contacts (account_id, recipient_key('whatsapp', whatsapp) text_pattern_ops)
    where whatsapp is not null;
create index contacts_first_name on contacts (account_id, lower(first_name) text_pattern_ops)
    where first_name is not null;
create index contacts_last_name on contacts (account_id, lower(last_name) text_pattern_ops)
    where last_name is not null;
create index contacts_changed on contacts (account_id, updated_at);
create index contacts_tags on contacts using gin (tags);
create index contacts_groups on contacts using gin (groups);
