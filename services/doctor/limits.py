"""From when on something is a trouble. docs/alerts.md lists all of them."""

LATE = {"transactional": 60.0, "bulk": 3600.0}
"""Seconds that a message may wait, by lane: somebody waits for a code; a batch may well take an hour."""

FAILING_MINUTES = 15.0
FAILING_LEAST = 50
"""Attempts below which a share says nothing: one bad list of three numbers is no trouble of a gateway."""
FAILING_SHARE = 0.2
"""Refused, down or without an answer. Bounced and wrong recipients of a usual list are a few hundredths."""

AWAY_SHARE = 0.2
AWAY_LEAST = 3
"""Phones of customers are switched off now and then: only many that are away together are the operators' trouble."""

EXPIRY_DAYS = 7.0
"""Before the end of a token or a key. Its owner was told a week earlier; a week is enough for a change."""

DISK_FREE = {"warning": 0.10, "failure": 0.05}
"""The part of a disk that is free. PostgreSQL stops when its disk is full."""
DATABASES_USED = {"warning": 0.80, "failure": 0.90}
"""The part of their disk that databases take. Earlier than for the disk itself: logs of changes (WAL), temporary files
and rewritten tables come on top, and cannot be seen from outside."""

NAMED = 20
"""Of one kind that are named; others come up once these are over."""
