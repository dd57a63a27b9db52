"""Starts a process of xsender as its command does, with limits so low that workflows often go on in fresh runs.

python -m tests.faults.stress.launch xsender worker --queues xsender
"""

import sys
from collections.abc import Callable

from workflows import policy

LOWERED: tuple[tuple[object, str, int], ...] = ((policy, "LONG_HISTORY", 60), (policy, "LONG_BATCH_HISTORY", 60))
"""Where the limit stands, its name, and the number of events that it is lowered to."""


def lower(put: Callable[[object, str, object], None] = setattr) -> None:
    """Lower the limits of this process. ``put`` is ``setattr``, or a test's, which puts them back."""
    for place, name, events in LOWERED:
        assert hasattr(place, name), f"there is no limit {name} any more: name the new one here"
        put(place, name, events)


if __name__ == "__main__":
    lower()
    del sys.argv[0]
    from cli.main import main

    main()
