"""Results of changes that were requested by signal.

Signals, because their place in the history is fixed. Updates are not safe beside local activities: one that comes while
such an activity runs, in a task that a query caused, is replayed in another order (decision 0014).
"""

_KEPT = 200
"""Callers wait for seconds only, so the latest results suffice."""

DONE = ""


class Answers:
    """The latest answers, by the ids of the changes."""

    def __init__(self, carried: dict[str, str]) -> None:
        self._answers = dict(carried)
        self._begun: set[str] = set()

    def begin(self, change_id: str) -> bool:
        """Whether this change is new: a caller that got no answer in time may have repeated its request."""
        if change_id in self._begun or change_id in self._answers:
            return False
        self._begun.add(change_id)
        return True

    def give(self, change_id: str, refusal: str = DONE) -> None:
        """Record that a change was applied, or refused for this reason."""
        self._begun.discard(change_id)
        self._answers[change_id] = refusal
        while len(self._answers) > _KEPT:
            del self._answers[next(iter(self._answers))]

    def get(self, change_id: str) -> str | None:
        """``None``: there is none yet."""
        return self._answers.get(change_id)

    @property
    def carried(self) -> dict[str, str]:
        """For the next run."""
        return dict(self._answers)
