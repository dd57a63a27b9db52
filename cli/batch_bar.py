"""The progress bar of ``xsender batch watch``: progress, rate, estimated end, and why the batch waits."""

from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Column

from domain.batches.progress import Doing, Tally, Wait
from domain.text.printable import visible
from store.batches.queries import Batch


@dataclass(frozen=True)
class Look:
    """A batch at a moment."""

    batch: Batch
    tally: Tally
    doing: Doing

    @property
    def details(self) -> str:
        """Details beside the bar."""
        parts = [f"{self.tally.rate:,.0f}/s"]
        if self.doing.moves and self.tally.eta:
            parts.append(f"until {_clock(self.tally.eta)}")
        if self.doing.wait:
            parts.append(_words(self.doing.wait))
        return visible(", ".join(parts))

    @property
    def summary(self) -> str:
        """One line about a batch that has ended."""
        took = (self.batch.finished_at or self.tally.at) - self.batch.created_at
        counts = ", ".join(f"{number:,} {state}" for state, number in sorted(self.tally.counts.items()))
        return f"batch {self.batch.id} {self.batch.state} after {took.total_seconds():,.0f} s: {counts}"


class BatchBar:
    """A line that is redrawn at each update; if the output is not a terminal, once at the end."""

    def __init__(self, *, shown: bool) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[details]}", markup=False, table_column=Column(overflow="fold")),
            auto_refresh=False,
            disable=not shown,
        )
        self._task = self._progress.add_task("", details="")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress.live.is_started:
            self._progress.stop()

    def show(self, look: Look) -> None:
        """Draw the line."""
        self._progress.update(
            self._task,
            description=look.doing.state,
            total=look.batch.total,
            completed=look.tally.done,
            details=look.details,
        )
        self._progress.start()
        self._progress.refresh()


def _words(wait: Wait) -> str:
    gateway = f" of {wait.gateway}" if wait.gateway else ""
    until = f" until {_clock(wait.until)}" if wait.until else ""
    why = f": {wait.sentence}" if wait.sentence else ""
    return f"waits for {wait.reason}{gateway}{until}{why}" if wait.reason != "paused" else "paused"


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
