"""Limits of automations. They are part of what an author is promised: none of them may become smaller."""

from datetime import timedelta

SCHEMA = "xsender.flow/1"
"""The version of the form in which definitions are written."""

MAX_BYTES = 256 * 1024
"""Of a definition, as JSON."""
MAX_JSON_DEPTH = 64
"""Nested arrays and objects of a definition: what ``MAX_DEPTH`` needs, and some more."""
MAX_STEPS = 200
MAX_IN_LIST = 100
"""Steps in one list."""
MAX_DEPTH = 8
"""Lists of steps that stand in each other."""
MAX_ARMS = 20
MAX_TRIGGERS = 5
MAX_MARKUP = 60_000
"""Characters of ``{{ }}`` and ``{% %}`` of all texts of a definition together: each is compiled when it is saved."""
MAX_FAULTS = 500
"""Faults of one definition that are noted."""

MAX_WAIT = timedelta(days=400)
MAX_RUN = timedelta(days=800)
MAX_CALL = timedelta(seconds=30)
"""Until a call must be answered."""

MAX_EVENT_DATA = 64 * 1024
"""Bytes of the data with which a run begins, as JSON."""
MAX_VARS = 32 * 1024
"""Bytes of all that a run keeps in ``vars``, as JSON."""
MAX_HOPS = 10
"""Automations that start each other in a row."""
ENTRIES_PER_HOUR = 50_000
"""Of an automation that sets no number of its own."""
