-- Settings of the whole install, in one row. `settings` has what was set over HTTP or by command: what is not in it is as
-- the environment says, or has its default. `version` counts changes: a process keeps what it read until that differs.
-- `system_mail` is the sealed configuration of the mail server for the install's own mail.
create table install_settings (
    id          boolean primary key default true check (id),
    version     bigint not null default 1,
    settings    jsonb not null default '{}',
    system_mail bytea
);
insert into install_settings (id) values (true);
