"""The steps of an automation, as its definition has them. Members that are words of Python end with ``_``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Any, ClassVar, Literal, NamedTuple

from domain.audience.conditions.tree import Condition


class Arm(NamedTuple):
    """A list of steps within a step."""

    key: str
    """Its place in the step: ``arms/0``, ``then``, ``else``, ``on_error``."""
    steps: "tuple[Step, ...]"


@dataclass(frozen=True, slots=True)
class Retry:
    """How often, and when, a step that failed is tried again."""

    max: int = 5
    backoff: timedelta = timedelta(seconds=30)
    """Before the second try; each later wait is twice as long."""
    cap: timedelta = timedelta(hours=1)
    """The longest wait."""


@dataclass(frozen=True, slots=True)
class OnError:
    """What is done when a step failed for good."""

    then: Literal["stop", "skip", "exit", "arm"]
    """``stop``: the run fails; ``skip``: it goes on behind the step; ``exit``: it ends; ``arm``: it takes ``arm``."""
    retry: Retry | None = None
    arm: "tuple[Step, ...]" = ()


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of days, by the clock on the wall; ``days``: 1 is Monday."""

    from_: time
    to: time
    days: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)


@dataclass(frozen=True, slots=True)
class AtTime:
    """A time of the day; of some weekdays (1 is Monday), or of one day of the month."""

    time: time
    days: tuple[int, ...] | None = None
    day_of_month: int | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """The texts of a message, which are Liquid."""

    subject: str | None = None
    preheader: str | None = None
    message: str | None = None
    body: str | None = None
    media: str | None = None
    url: str | None = None
    template: Mapping[str, Any] | None = None
    """A template of WhatsApp."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """What is sent if the message before it did not arrive."""

    channel: str
    after: timedelta
    if_: Literal["not_delivered", "not_read"] = "not_delivered"
    template: str | None = None
    content: Content | None = None
    gateway: str | None = None


@dataclass(frozen=True, slots=True)
class BranchArm:
    """Steps of a branch for runs that meet a condition."""

    when: Condition
    steps: "tuple[Step, ...]"
    name: str | None = None


@dataclass(frozen=True, slots=True)
class SplitArm:
    """Steps of a split for a share of the runs."""

    weight: int
    steps: "tuple[Step, ...]"
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """Tags or groups that are added and removed."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """A consent that is recorded."""

    channel: str
    state: Literal["granted", "withdrawn"]
    purpose: str = "marketing"


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret of the account, by its name."""

    secret: str


@dataclass(frozen=True, slots=True)
class Expect:
    """Which answers to a call are good."""

    status: tuple[int, ...] = ()
    """Empty: 200 to 299."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is notified: one of these is given."""

    role: str | None = None
    staff: str | None = None
    email: str | None = None
    callback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What all steps have."""

    kind: ClassVar[str]
    id: str
    """Chosen once, and never used for another step: runs remember where they are by it."""
    name: str | None = None
    note: str | None = None
    if_: Condition | None = None
    """Where it is false, the step is passed over."""
    disabled: bool = False
    on_error: OnError | None = None

    @property
    def arms_of_kind(self) -> tuple[Arm, ...]:
        """Its lists of steps, but the one of ``on_error``."""
        return ()

    @property
    def lists(self) -> tuple[Arm, ...]:
        """All its lists of steps."""
        arm = self.on_error.arm if self.on_error else ()
        return (*self.arms_of_kind, Arm("on_error", arm)) if arm else self.arms_of_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Send(Step):
    """Sends a message."""

    kind: ClassVar[str] = "send"
    channel: str
    template: str | None = None
    content: Content | None = None
    to: str | None = None
    gateway: str | None = None
    lane: Literal["transactional", "bulk"] | None = None
    on_unknown: Literal["hold", "resend"] | None = None
    fallback: tuple[Fallback, ...] = ()
    ignore_window: bool = False
    if_unreachable: Literal["skip", "stop", "exit"] = "skip"
    await_: Literal["accepted", "none"] = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(Step):
    """Waits for a time: one of ``for_``, ``until``, ``at`` and ``window`` is given."""

    kind: ClassVar[str] = "wait"
    for_: timedelta | None = None
    until: str | None = None
    """Liquid, which becomes a date or a time."""
    at: AtTime | None = None
    window: Window | None = None
    timezone: str | None = None
    """``contact``, ``account`` or an IANA name; ``None``: as the settings say."""
    offset: str | None = None
    """From ``until``: ``-2d``, ``+3h``."""
    if_past: Literal["continue", "exit", "skip_next"] = "continue"
    """If that lies before the wait began."""
    jitter: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitEvent(Step):
    """Waits for an event, or until time is over."""

    kind: ClassVar[str] = "wait_event"
    timeout: timedelta
    event: str | None = None
    any: tuple[str, ...] = ()
    """Several events, one of which is waited for; else ``event`` is given."""
    match: Condition | None = None
    of: str | None = None
    """The step whose message or call it is about."""
    since: str | None = None
    """``entry``, or the step from whose time on events count; ``None``: the last send, or entry."""
    count: int = 1
    then: tuple[Step, ...] = ()
    else_: tuple[Step, ...] = ()
    save: str | None = None
    """The name in ``vars`` of what happened."""

    @property
    def events(self) -> tuple[str, ...]:
        """The names of those that are waited for."""
        return self.any if self.event is None else (self.event,)

    @property
    def arms_of_kind(self) -> tuple[Arm, ...]:
        """``then`` and ``else``."""
        return Arm("then", self.then), Arm("else", self.else_)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch(Step):
    """Goes on with the first arm whose condition is true."""

    kind: ClassVar[str] = "branch"
    arms: tuple[BranchArm, ...]
    else_: tuple[Step, ...] = ()

    @property
    def arms_of_kind(self) -> tuple[Arm, ...]:
        """Its arms, and ``else``."""
        return (*(Arm(f"arms/{n}", arm.steps) for n, arm in enumerate(self.arms)), Arm("else", self.else_))


@dataclass(frozen=True, slots=True, kw_only=True)
class Split(Step):
    """Goes on with one of its arms, by chance that stays as it fell."""

    kind: ClassVar[str] = "split"
    arms: tuple[SplitArm, ...]
    by: Literal["contact", "run"] = "contact"
    salt: str | None = None
    """``None``: keys of the automation and the step."""

    @property
    def arms_of_kind(self) -> tuple[Arm, ...]:
        """Its arms."""
        return tuple(Arm(f"arms/{n}", arm.steps) for n, arm in enumerate(self.arms))


@dataclass(frozen=True, slots=True, kw_only=True)
class SetValues(Step):
    """Changes the contact."""

    kind: ClassVar[str] = "set"
    fields: Mapping[str, Any] = field(default_factory=dict)
    tags: Names | None = None
    groups: Names | None = None
    consent: ConsentChange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Step):
    """Calls a URL."""

    kind: ClassVar[str] = "call"
    url: str
    method: str = "POST"
    headers: Mapping[str, str | Secret] = field(default_factory=dict)
    body: Any = None
    timeout: timedelta = timedelta(seconds=10)
    retry: Retry | None = None
    """``None``: as ``on_error`` says, else as ``Retry`` does."""
    expect: Expect = Expect()
    save: Mapping[str, str] = field(default_factory=dict)
    """By name in ``vars``: where the value stands in the answer (RFC 6901)."""
    sign: bool | None = None
    """``None``: if the account has a secret to sign with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Emit(Step):
    """Records an event of the contact."""

    kind: ClassVar[str] = "emit"
    event: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start(Step):
    """Starts another automation for the contact."""

    kind: ClassVar[str] = "start"
    automation: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Step):
    """Ends the contact's runs of an automation, or of all others."""

    kind: ClassVar[str] = "stop"
    automation: str | None = None
    all: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify(Step):
    """Tells people of the account, or its systems."""

    kind: ClassVar[str] = "notify"
    to: Recipient
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalStep(Step):
    """Where runs go on that wait before it, as soon as the event happens."""

    kind: ClassVar[str] = "goal"
    event: str
    match: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit(Step):
    """Ends the run."""

    kind: ClassVar[str] = "exit"
    reason: str = "exit"


KINDS: tuple[type[Step], ...] = (
    Send,
    Wait,
    WaitEvent,
    Branch,
    Split,
    SetValues,
    Call,
    Emit,
    Start,
    Stop,
    Notify,
    GoalStep,
    Exit,
)
RESERVED = ("digest", "throttle", "approve", "each")
"""Kinds that later versions of the form will have."""
