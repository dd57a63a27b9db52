-- runs outside a transaction
alter table messages validate constraint messages_end;
alter table attempts validate constraint attempts_end;
alter table receipts validate constraint receipts_end;
