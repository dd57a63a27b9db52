-- Countries whose numbers the accounts of a plan may send to; null or empty: all that the install allows.
alter table plans add column allowed_countries text[];
