"""Starts a process of xsender as its command does, with limits so low that workflows often go on in fresh runs.

python -m tests.faults.stress.launch xsender worker --queues xsender
"""

import sys
from dataclasses import replace

from domain import limits

EVENTS = 60
"""Events of a page or a batch after which it goes on in a fresh run."""


def lower() -> None:
    """Lower the limits of what this process starts. To be called before anything else of xsender is imported."""
    limits.PAGE_LIMITS = replace(limits.PAGE_LIMITS, events=EVENTS)
    limits.BATCH_LIMITS = replace(limits.BATCH_LIMITS, events=EVENTS, rest=2.0)


if __name__ == "__main__":
    lower()
    del sys.argv[0]
    from cli.main import main

    main()
