"""The workflow of a long operation. Its work and its progress are in the database; this only has it done."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import workflows.history as history
    import workflows.policy as policy
    from domain.operations.slices import OperationRest
    from domain.persons.subject import AskedErasure
    from workflows.search.attributes import show_outcome


@workflow.defn
class OperationWorkflow:
    """Does an operation of any kind, slice by slice."""

    @workflow.run
    async def run(self, operation_id: str, erasure: AskedErasure | None = None) -> None:
        """Completes when the operation has ended: done, failed, or cancelled in the database.

        ``erasure``: what is not done, but read from here after a restore of the database (docs/backup.md).
        """
        while True:
            if history.wants_fresh_run():
                workflow.continue_as_new(args=[operation_id, *([erasure] if erasure else [])])
            rest: OperationRest = await workflow.execute_activity(
                "work_on_operation", operation_id, result_type=OperationRest, **policy.OPERATION
            )
            if rest.is_over:
                show_outcome(rest.outcome)
                return
            if rest.pause:
                await workflow.sleep(rest.pause)
