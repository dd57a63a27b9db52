-- In which form an attempt handed its message over, where there was a choice: 'message', or the 'template' in its place.
alter table attempts add column sent_as text;
