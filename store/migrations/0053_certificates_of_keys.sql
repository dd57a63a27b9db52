-- The client certificate that requests with a key must come with: its SHA-256 in hexadecimal.
alter table api_keys add column certificate text;
