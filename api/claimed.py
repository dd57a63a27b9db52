"""What a request that must be done once builds on."""

from dataclasses import dataclass
from uuid import UUID

from store.idempotency import Place


@dataclass(frozen=True, slots=True)
class Claimed:
    """What the work of a request builds on."""

    id: UUID
    is_new: bool
    """Whether nobody has used the id before. Otherwise the work may have been done already: it must be finished, not
    refused."""
    place: Place | None = None
    """The key that leads here; ``None``: the request has none."""
    prepared: bytes | None = None
    """The answer that an earlier try prepared, and may not have given."""
