-- messages_of_recipient has taken its place.
drop index messages_recipient;
