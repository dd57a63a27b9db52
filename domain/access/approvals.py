"""Changes that need a second person (four eyes): their kinds, and the error that says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from domain.errors import ConflictError

ApprovalKind = Literal["top_up", "batch", "credentials", "role_grant", "workflows"]
KINDS: dict[ApprovalKind, str] = {
    "top_up": "A grant or transfer of more credits than `above`.",
    "batch": "A batch that costs more credits than `above`.",
    "credentials": "A gateway with new credentials.",
    "role_grant": "A role that is given to somebody, or may do other things.",
    "workflows": "Workflows that are reset, terminated or signalled.",
}
"""By kind, what needs approval if there is a policy for it."""
assert tuple(KINDS) == get_args(ApprovalKind)

ApprovalState = Literal["pending", "approved", "denied", "expired"]


@dataclass(frozen=True, slots=True)
class Sensitive:
    """What a change does that may need approval."""

    kind: ApprovalKind
    amount: int | None = None
    """Credits; ``None``: this kind has no amount."""


class ApprovalNeeded(ConflictError):
    """The change was not made: a second person must approve it."""

    def __init__(
        self, sensitive: Sensitive, targets: Sequence[dict[str, str]], details: Mapping[str, Any] | None = None
    ) -> None:
        """``details``: its ``reason``, ``changes`` and ``metadata``, as the audit log would have them."""
        super().__init__("approval_needed", "this needs the approval of a second person: send it as a single request")
        self.sensitive = sensitive
        self.targets = list(targets)
        self.details = details or {}
