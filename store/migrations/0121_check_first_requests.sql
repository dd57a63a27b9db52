-- runs outside a transaction
alter table request_log validate constraint request_log_end;
