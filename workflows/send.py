"""The workflow of a page: check credit, choose a gateway, dispatch, record status."""

from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    import workflows.first_release.page as first_release
    from domain.ids import index_of
    from domain.messages.page import ChangeRequest, LiveStatus, PageHeader, PageSignal, RescheduleRequest
    from workflows.answers import Answers
    from workflows.sending.page import Page


@workflow.defn
class SendWorkflow:
    """Sends one page. It holds why each message waits; outcomes are in the database, written as they happen."""

    @workflow.init
    def __init__(self, page: PageHeader, content: bytes) -> None:
        self._page: Page | None = None
        if page.limits is None:
            self._old = first_release.Page(page, content)
            self._old_answers = Answers({})
        else:
            self._page = Page(page, content)

    @workflow.run
    async def run(self, page: PageHeader, content: bytes) -> None:
        """Send the page; completes when each of its messages has an outcome in the database.

        Cancelled by an operator, it withdraws the messages that wait; those at a gateway get their outcome first.
        """
        await (self._page.run() if self._page else self._old.run(page, content))

    @workflow.query
    def status(self, uid: str) -> LiveStatus | None:
        """Why a message is not final yet; ``None`` when this page does not have it, or has ended it."""
        return self._page.status(index_of(UUID(uid))) if self._page else self._old.status(uid)

    @workflow.query
    def waits(self) -> list[LiveStatus]:
        """What the messages without an ending wait for, each wait once."""
        return self._page.waits() if self._page else self._old.waits()

    @workflow.query
    def answer_to(self, change_id: str) -> str | None:
        """The result of a change: "" applied; else why it was refused; ``None``: not processed yet."""
        return self._page.answer_to(change_id) if self._page else self._old_answers.get(change_id)

    @workflow.signal
    async def change(self, request: ChangeRequest) -> None:
        """Cancel a waiting message, or reschedule one; ``answer_to`` returns the result."""
        if self._page:
            self._page.receive(PageSignal("change", change=request))
            return
        try:
            await self._change_old(request)
        except ApplicationError as refusal:
            self._old_answers.give(request.id, refusal.message)
        else:
            self._old_answers.give(request.id)

    async def _change_old(self, request: ChangeRequest) -> None:
        if request.kind == "cancel":
            self._old.may_cancel(request.uid)
            await self._old.cancel(request.uid)
        else:
            moved = RescheduleRequest(request.uid, request.at)
            self._old.may_reschedule(moved)
            await self._old.reschedule(moved)

    @workflow.signal
    def pause(self) -> None:
        """Start no more messages; those at a gateway still get their outcome."""
        self._page.receive(PageSignal("pause")) if self._page else self._old.pause()

    @workflow.signal
    def resume(self) -> None:
        """Continue after ``pause``."""
        self._page.receive(PageSignal("resume")) if self._page else self._old.resume()

    @workflow.signal
    def gateway_resumed(self) -> None:
        """Messages that wait for a paused gateway choose a gateway again."""
        self._page.receive(PageSignal("gateway_resumed")) if self._page else self._old.gateway_resumed()

    @workflow.signal
    def account_resumed(self) -> None:
        """Messages that wait because an account is suspended choose a gateway again."""
        self._page.receive(PageSignal("account_resumed")) if self._page else self._old.account_resumed()

    @workflow.signal
    def switch_gateway(self, identifier: str) -> None:
        """Send everything that still waits through another gateway."""
        if self._page:
            self._page.receive(PageSignal("switch_gateway", gateway=identifier))
        else:
            self._old.switch_gateway(identifier)

    @workflow.signal
    def reported(self, uids: list[str]) -> None:
        """Something was reported of messages that have a fallback."""
        self._page.receive(PageSignal("reported", uids)) if self._page else self._old.reported(uids)

    @workflow.signal
    def opted_out(self, uids: list[str]) -> None:
        """Cancel waiting messages whose recipient has opted out."""
        self._page.receive(PageSignal("opted_out", uids)) if self._page else self._old.opted_out(uids)

    @workflow.signal
    def ended(self, uids: list[str]) -> None:
        """Wait no longer for messages that have ended in the database."""
        self._page.receive(PageSignal("ended", uids)) if self._page else self._old.opted_out(uids)

    @workflow.signal
    def devices_reported(self) -> None:
        """Attempts by phones have ended: their outcomes are in the database."""
        if self._page:
            self._page.receive(PageSignal("devices_reported"))

    # Updates of the first release, for its callers and histories: they are not safe beside local activities.

    @workflow.update
    async def cancel(self, uid: str) -> None:
        """Cancel a waiting message, and release its credit."""
        if self._page is None:
            await self._old.cancel(uid)
        else:
            await self._await_change(ChangeRequest(_update_id(), uid, "cancel"))

    @cancel.validator
    def _may_cancel(self, uid: str) -> None:
        if self._page is None:
            self._old.may_cancel(uid)

    @workflow.update
    async def reschedule(self, request: RescheduleRequest) -> None:
        """Move a message that waits for its time to another time."""
        if self._page is None:
            await self._old.reschedule(request)
        else:
            await self._await_change(ChangeRequest(_update_id(), request.uid, "reschedule", request.at))

    @reschedule.validator
    def _may_reschedule(self, request: RescheduleRequest) -> None:
        if self._page is None:
            self._old.may_reschedule(request)

    async def _await_change(self, request: ChangeRequest) -> None:
        assert self._page is not None
        page = self._page
        page.receive(PageSignal("change", change=request))
        await workflow.wait_condition(lambda: page.answer_to(request.id) is not None)
        if refusal := page.answer_to(request.id):
            raise ApplicationError(refusal, type="NotWaiting")


def _update_id() -> str:
    info = workflow.current_update_info()
    assert info is not None
    return info.id
