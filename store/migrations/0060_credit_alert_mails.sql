-- When the mail about a wallet that has become low is to be tried next; null: there is none to send.
alter table credit_alerts add column mail_due timestamptz;
