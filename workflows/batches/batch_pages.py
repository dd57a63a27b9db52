"""The pages of a batch in flight: started by this run, or inherited from an earlier one."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import ApplicationError
from temporalio.workflow import ChildWorkflowHandle

with workflow.unsafe.imports_passed_through():
    from domain.ids import send_workflow_id

Child = ChildWorkflowHandle[Any, None]


class BatchPages:
    """Oldest first."""

    def __init__(self, in_flight: Iterable[tuple[str, int]]) -> None:
        """``in_flight``: pages of an earlier run, with the indexes of their streams."""
        self._streams = dict(in_flight)
        self._children: dict[str, Child] = {}
        self.followed = list(self._streams)
        """Of an earlier run: this run is not notified of their ends, and must poll for them."""

    @property
    def ids(self) -> list[str]:
        """All of them."""
        return list(self._streams)

    @property
    def carried(self) -> list[tuple[str, int]]:
        """For the next run."""
        return list(self._streams.items())

    @property
    def are_starting(self) -> bool:
        """Whether any is being started: the run must not end before that."""
        return len(self._streams) > len(self._children) + len(self.followed)

    def count(self, stream: int) -> int:
        """How many pages of a stream are in flight."""
        return sum(place == stream for place in self._streams.values())

    def starts(self, page_id: str, stream: int) -> None:
        """A page is being started."""
        self._streams[page_id] = stream

    def started(self, page_id: str, child: Child) -> None:
        """A page was started."""
        self._children[page_id] = child

    def ended(self, page_id: str) -> None:
        """A page has ended, or could not be started."""
        self._streams.pop(page_id, None)
        self._children.pop(page_id, None)

    def keep(self, open_pages: Iterable[str]) -> None:
        """Of the pages of an earlier run, keep only these, which have not ended."""
        still = set(open_pages)
        for page_id in self.followed:
            if page_id not in still:
                self.ended(page_id)
        self.followed = [page_id for page_id in self.followed if page_id in still]

    async def signal(self, name: str, *arguments: str) -> None:
        """Signal all pages, ignoring those that have ended."""
        started = [child.signal(name, args=arguments) for child in self._children.values()]
        earlier = [_external(page_id).signal(name, args=arguments) for page_id in self.followed]
        await asyncio.gather(*started, *earlier, return_exceptions=True)

    async def signal_one(self, child: Child, name: str, *arguments: str) -> None:
        """Signal one page, unless it has ended."""
        with suppress(ApplicationError):
            await child.signal(name, args=arguments)

    async def withdraw(self) -> None:
        """Have all pages cancel their unsent messages."""
        for child in self._children.values():
            child.cancel()
        if self.followed:
            handles = [_external(page_id) for page_id in self.followed]
            await asyncio.gather(*(handle.cancel() for handle in handles), return_exceptions=True)


async def resume_pages(page_ids: Iterable[str]) -> None:
    """Resume pages, ignoring those that have ended."""
    await asyncio.gather(*(_external(page_id).signal("resume") for page_id in page_ids), return_exceptions=True)


def _external(page_id: str) -> workflow.ExternalWorkflowHandle[Any]:
    return workflow.get_external_workflow_handle(send_workflow_id(UUID(page_id)))
