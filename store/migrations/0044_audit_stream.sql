-- Up to which event the audit log was posted to the callback endpoints that listen to it. It begins with what comes.
create table audit_stream (
    is_row  boolean primary key default true check (is_row),
    last_id bigint not null
);
insert into audit_stream (last_id) select coalesce(max(id), 0) from audit_events;
