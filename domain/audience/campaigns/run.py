"""Payloads between the campaign workflow and its activities: small, and without personal data."""

from dataclasses import dataclass, field
from typing import Literal

from domain.batches.batch import BatchHeader

HELD_OUT = 0
"""The part of those who get nothing."""
FIRST_VARIANT = 1
REST = 99
"""The part of those who get the variant that wins."""

CampaignChangeKind = Literal["pause", "resume", "cancel", "switch_gateway", "approve"]

ENDED = frozenset({"completed", "cancelled", "failed"})


@dataclass(frozen=True)
class Part:
    """Some of a campaign's people, and the variant that they get ("": there is one only)."""

    number: int
    variant: str = ""


@dataclass(frozen=True)
class CampaignChange:
    """Change a campaign that is being sent. The workflow's query ``answer_to`` returns the result."""

    id: str
    """Unique; the same when the request is repeated."""
    kind: CampaignChangeKind
    gateway: str = ""
    """Of ``switch_gateway``: the gateway for all unsent messages."""


@dataclass(frozen=True)
class CampaignProgress:
    """What a run of the workflow passes on to the next one. No batch is open then, and it is not paused."""

    run: "CampaignRun"
    began: float
    """When the first batch was stored (Unix seconds)."""
    stage: int
    """The index of the next of ``CampaignRun.parts``; their number: all were sent."""
    slices: int
    """Slices so far."""
    winner: str = ""
    is_decided: bool = False
    gateway: str = ""
    next_at: float = 0.0
    """When the next slice may be stored (Unix seconds)."""
    answers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CampaignStart:
    """The input of the campaign workflow."""

    campaign_id: str
    account_id: int
    run_id: str = ""
    """The run; "": of a campaign that repeats: this workflow begins one."""
    progress: CampaignProgress | None = None


@dataclass(frozen=True)
class CampaignRun:
    """One sending of a campaign, as the workflow sees it."""

    run_id: str
    due: float = 0.0
    """Unix seconds; 0: at once."""
    takes_people_at_once: bool = False
    """Whether it is for those who belong to the audience now, not when it is due."""
    parts: list[Part] = field(default_factory=list)
    """What is sent first."""
    per_minute: int = 0
    """Messages; 0: as many as possible."""
    decide_after: float = 0.0
    """Seconds from the first messages to the decision which variant the rest gets; 0: there is no rest."""


@dataclass(frozen=True)
class Taken:
    """The people of a run were taken."""

    people: int
    needs_approval: bool = False
    failure: str = ""
    """Why nothing can be sent; empty: it can."""


@dataclass(frozen=True)
class SliceRequest:
    """Request the next batch of a part."""

    run_id: str
    number: int
    """From 1, over all parts: the same number gives the same batch."""
    part: Part
    gateway: str = ""
    paused: bool = False


@dataclass(frozen=True)
class Slice:
    """A stored batch of a campaign."""

    batch: BatchHeader | None = None
    """``None``: nobody of the slice could be sent to."""
    size: int = 0
    """Messages."""
    is_last: bool = True
    """Whether it is the last one of its part."""


@dataclass(frozen=True)
class CampaignState:
    """Record what a run is doing."""

    run_id: str
    state: str
    reason: str = ""
    """Why it failed."""
