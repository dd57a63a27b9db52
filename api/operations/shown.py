"""An operation, as it is answered."""

from typing import Any

from services.operations.changing import may_be_cancelled
from store.operations.operations import Operation


def shown(operation: Operation) -> dict[str, Any]:
    """Its fields, without what is to be done: that may hold personal data."""
    return {
        "id": operation.id,
        "kind": operation.kind,
        "state": operation.state,
        "user": operation.account_id,
        "done": operation.done,
        "total": operation.total,
        "failed": operation.failed,
        "cancellable": may_be_cancelled(operation),
        "errors": operation.errors,
        "result": operation.result,
        "created_at": operation.created_at,
        "started_at": operation.started_at,
        "finished_at": operation.finished_at,
    }
