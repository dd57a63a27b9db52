"""What differs between the database and Temporal, by kind."""

from dataclasses import dataclass, field

_SAMPLE = 5

KINDS = {
    "messages_recorded": "messages that were accepted later are recorded again, with their credits",
    "messages_unknown": "messages that may have been sent later become unknown, and are not sent again",
    "messages_ended": "messages that ended unsent later end likewise",
    "pages_started_again": "pages go on with what was certainly not sent",
    "pages_stopped": "pages have nothing left to send: their workflows are terminated",
    "messages_lost": "messages were only in the database, or are of users that are not in it: they are lost",
    "batches_started_again": "batches go on with the pages that they had not started",
    "batches_cancelled": "batches were cancelled later: what they had not started is cancelled",
    "batches_lost": "batches are not in the database: their workflows are terminated",
    "receipts_applied": "posts of providers are applied once more",
    "erasures_again": "erasures of persons that were asked for later are carried out again, once workers run",
    "unreadable": "workflows could not be read or brought in step: they are left as they are",
}
"""Each with what is done about it."""


@dataclass
class Difference:
    """Something that differs."""

    count: int = 0
    sample: list[str] = field(default_factory=list)
    """Ids of some, by which they can be looked at."""


@dataclass
class Report:
    """What was found, and done if it was to be."""

    since: float
    """The time to which the database was restored (Unix seconds)."""
    differences: dict[str, Difference] = field(default_factory=dict)
    to_decide: dict[str, int] = field(default_factory=dict)
    """What was under way then, and does once more what it did since: nobody but the operator can decide on it."""

    def add(self, kind: str, id_: str, count: int = 1) -> None:
        """Count one more; none, if ``count`` is 0."""
        if not count:
            return
        found = self.differences.setdefault(kind, Difference())
        found.count += count
        if len(found.sample) < _SAMPLE:
            found.sample.append(id_)
