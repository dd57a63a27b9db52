"""A person of an account, as an export or an erasure names it, and what the workflow of an erasure carries of it."""

from dataclasses import dataclass, field

LEAD = "lead"
"""In ``named_by``: what a lead brought is erased, of its person only what came with it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who it is. Stored, and carried by a workflow, as JSON."""

    named_by: str
    """``contact``, ``email``, ``phone``, ``whatsapp``, or ``lead``."""
    contacts: list[str] = field(default_factory=list)
    """Their ids."""
    emails: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    """Of SMS and WhatsApp, with country code."""
    leads: list[str] = field(default_factory=list)
    """Ids of those that are erased, whoever they are of."""
    runs: list[str] = field(default_factory=list)
    """Ids of the runs of automations that these began."""

    @property
    def is_whole(self) -> bool:
        """Whether all of a person is meant, not just what one lead brought."""
        return self.named_by != LEAD


@dataclass(frozen=True, slots=True)
class AskedErasure:
    """An erasure as its workflow has it: from this it can be done again after a restore of the database."""

    id: str
    account_id: int
    subject: Subject
    asked_by: dict[str, str]
    """Type and id of who asked, and the id of the key."""
    asked_at: float
    """Unix seconds."""
    owner_id: int | None = None
    """Whose key began it, and may see its operation."""
