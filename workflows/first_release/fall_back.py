"""What follows a message that does not arrive: how long to wait for word of it, and when to send its fallback."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from uuid import UUID

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import workflows.policy as policy
    from domain.ids import index_of
    from domain.messages.after_dispatch import NextStep
    from domain.messages.page import PageHeader
    from workflows.pages import start_page


class FallBack:
    """The messages of a page that have a fallback. What is known of them is in the record; here is only the wait."""

    def __init__(self, page: PageHeader, content: bytes) -> None:
        self._page = page
        self._content = content
        self._after = {awaited.index: awaited.after for awaited in page.awaited}
        self._heard_of: set[int] = set()

    def take(self, index: int) -> float | None:
        """After how many seconds a message that has left or failed is followed by another; asked once for each."""
        return self._after.pop(index, None)

    def heard(self, uids: Sequence[str]) -> None:
        """Something was reported of these messages."""
        self._heard_of.update(index_of(UUID(uid)) for uid in uids)

    async def follow(
        self, index: int, after: float, show_wait: Callable[[float], None], given_up: Callable[[], bool]
    ) -> None:
        """Wait for what becomes of one message, and send its fallback should it need it.

        ``show_wait`` is told the end of the wait (Unix seconds); ``given_up`` ends it.
        """
        until = workflow.time() + after
        while not given_up():
            self._heard_of.discard(index)
            late = workflow.time() >= until
            step: NextStep = await workflow.execute_local_activity(
                "next_step", args=[self._page, self._content, index, late], result_type=NextStep, **policy.LOCAL
            )
            if step.page is not None:
                await start_page(step.page, step.content)
            if step.kind != "wait":
                return
            show_wait(until)
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: index in self._heard_of or given_up(), timeout=max(0.0, until - workflow.time())
                )
