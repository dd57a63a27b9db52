"""How long a session lasts."""

from datetime import timedelta

IDLE = timedelta(hours=12)
"""Without a request for so long it ends."""
LIFETIME = timedelta(days=7)
"""It ends, whatever it is used for."""
ACTING = timedelta(hours=12)
"""How long a member of staff works in the account of a user before another session is needed."""
CONFIRMED = timedelta(minutes=15)
"""For so long after a log-in, or after the password was typed again, keys, credentials and staff can be changed."""
MARKED_EVERY = timedelta(minutes=1)
"""How exactly it is known when a session was used last: a request costs no more than one write a minute."""
MOST = 100
"""Sessions of one person: the oldest ends when another one begins."""
