"""The batch workflow: sends a stored list of messages page by page, a few pages in flight at a time."""

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    import workflows.first_release.batch as first_release
    from domain.batches.batch import BatchChange, BatchHeader, BatchStatus
    from workflows.answers import Answers
    from workflows.batches.batch_run import BatchRun


@workflow.defn
class BatchWorkflow:
    """Sends a batch. It knows pages, never messages: their outcomes are in the database.

    Works for any list that is stored as a batch.
    """

    @workflow.init
    def __init__(self, batch: BatchHeader) -> None:
        self._batch_run: BatchRun | None = None
        if batch.limits is None:
            self._old = first_release.Batch(batch)
            self._old_answers = Answers({})
        else:
            self._batch_run = BatchRun(batch)

    @workflow.run
    async def run(self, batch: BatchHeader) -> None:
        """Send the batch; completes when each of its messages has an outcome in the database.

        Cancelled by an operator, it ends as by the change ``cancel``.
        """
        await (self._batch_run.run() if self._batch_run else self._old.run(batch))

    @workflow.query
    def status(self) -> BatchStatus:
        """What the batch is doing, and what it waits for."""
        return self._batch_run.status() if self._batch_run else self._old.status()

    @workflow.query
    def answer_to(self, change_id: str) -> str | None:
        """The result of a change: "" applied; else why it was refused; ``None``: not processed yet."""
        return self._batch_run.answer_to(change_id) if self._batch_run else self._old_answers.get(change_id)

    @workflow.signal
    async def change(self, request: BatchChange) -> None:
        """Change the batch; ``answer_to`` returns the result."""
        if self._batch_run:
            self._batch_run.receive(request)
            return
        try:
            if request.kind != "cancel":
                self._old.may_change()
            await self._update_old(request)
        except ApplicationError as refusal:
            self._old_answers.give(request.id, refusal.message)
        else:
            self._old_answers.give(request.id)

    # Updates of the first release, for its callers and histories: they are not safe beside local activities.

    @workflow.update
    async def pause(self) -> None:
        """Start no more messages; those at a gateway still get their outcome."""
        await self._update(BatchChange(_update_id(), "pause"))

    @workflow.update
    async def resume(self) -> None:
        """Continue after ``pause``."""
        await self._update(BatchChange(_update_id(), "resume"))

    @workflow.update
    async def cancel(self) -> None:
        """Cancel everything that has not left, and release its credit."""
        await self._update(BatchChange(_update_id(), "cancel"))

    @workflow.update
    async def switch_gateway(self, identifier: str) -> None:
        """Send everything still to come through another gateway."""
        await self._update(BatchChange(_update_id(), "switch_gateway", identifier))

    @pause.validator
    @resume.validator
    def _may_change(self) -> None:
        if self._batch_run is None:
            self._old.may_change()
        elif self._batch_run.is_cancelling:
            raise ApplicationError("the batch is being cancelled", type="NotWaiting")

    @switch_gateway.validator
    def _may_switch(self, identifier: str) -> None:
        self._may_change()

    async def _update(self, change: BatchChange) -> None:
        run = self._batch_run
        if run is None:
            await self._update_old(change)
            return
        run.receive(change)
        await workflow.wait_condition(lambda: run.answer_to(change.id) is not None)
        if refusal := run.answer_to(change.id):
            raise ApplicationError(refusal, type="NotWaiting")

    async def _update_old(self, change: BatchChange) -> None:
        match change.kind:
            case "pause":
                await self._old.pause()
            case "resume":
                await self._old.resume()
            case "cancel":
                await self._old.cancel()
            case "switch_gateway":
                await self._old.switch_gateway(change.gateway)


def _update_id() -> str:
    info = workflow.current_update_info()
    assert info is not None
    return info.id
