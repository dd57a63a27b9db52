"""Why a phone, or a SIM of it, sends nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.devices.sims import Sim


@dataclass(frozen=True, slots=True)
class Used:
    """What a SIM has sent: parts of messages, and different recipients in 30 days."""

    minute: int = 0
    hour: int = 0
    day: int = 0
    recipients: int = 0
    free_at: datetime | None = None
    """When its gap, or a cap, is over."""
    cooling_until: datetime | None = None
    """It rests, after faults of its own or a limit of Android or its carrier."""
    cooling_code: str | None = None


@dataclass(frozen=True, slots=True)
class Idle:
    """Why it sends nothing now."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Situation:
    """What counts besides the SIMs of a device."""

    state: str
    seen_at: datetime | None
    is_online: bool
    gateway: str
    is_gateway_enabled: bool
    gateway_mode: str
    waiting: int
    """Messages that wait for phones of its gateway."""
    held: int
    """Messages that the phone has."""


_CAPS = (
    ("per_minute", "minute", "in a minute"),
    ("per_hour", "hour", "in an hour"),
    ("per_day", "day", "in a day"),
)


def left(sim: Sim, used: Used) -> dict[str, int | None]:
    """What is left of each cap; ``None``: there is none."""
    spent = {
        "per_minute": used.minute,
        "per_hour": used.hour,
        "per_day": used.day,
        "unique_per_month": used.recipients,
    }
    caps = {name: getattr(sim, name) for name in spent}
    return {name: None if cap is None else max(0, cap - spent[name]) for name, cap in caps.items()}


def idle_sim(sim: Sim, used: Used, now: datetime) -> Idle | None:
    """Why a SIM sends nothing new now; ``None``: it can send."""
    if not sim.enabled:
        return Idle("disabled", "it is disabled")
    if used.cooling_until is not None and used.cooling_until > now:
        why = f" after {used.cooling_code}" if used.cooling_code else ""
        return Idle("cooling", f"it rests{why} until {_time(used.cooling_until)}: enable it to have it try at once")
    for cap, window, words in _CAPS:
        if left(sim, used)[cap] == 0:
            return Idle(cap, f"it has sent {getattr(used, window)} parts {words}, and may send {getattr(sim, cap)}")
    if left(sim, used)["unique_per_month"] == 0:
        most = sim.unique_per_month
        return Idle("unique_per_month", f"it has written to {most} people in 30 days: it writes to no others now")
    if used.free_at is not None and used.free_at > now + timedelta(seconds=sim.gap_max):
        return Idle("cap", f"one of its caps is used up until {_time(used.free_at)}")
    return None


def idle_device(now: datetime, here: Situation, sims: Sequence[tuple[Sim, Used]]) -> Idle | None:
    """The first thing that keeps a device from sending now; ``None``: it has messages, or gets some."""
    if (outside := _idle_around(here)) is not None:
        return outside
    if not sims:
        return Idle("no_sim", "it has no SIM")
    reasons = [idle_sim(sim, used, now) for sim, used in sims]
    blocked = [reason for reason in reasons if reason is not None]
    if len(blocked) == len(sims):
        told = "; ".join(f"{sim.uid}: {reason.message}" for (sim, _), reason in zip(sims, blocked, strict=True))
        return Idle("sims_idle", f"none of its SIMs may send now: {told}")
    if here.held == 0 and here.waiting == 0:
        return Idle("nothing_waits", f"no message waits for phones of the gateway {here.gateway}")
    return None


def _idle_around(here: Situation) -> Idle | None:
    """Why it gets nothing, whatever SIMs it has."""
    if here.state == "revoked":
        return Idle("revoked", "it was revoked: pair it again to have it send")
    if here.state == "logged_out":
        return Idle("logged_out", "it has logged out: pair it again to have it send")
    if not here.is_online:
        since = f"since {_time(here.seen_at)}" if here.seen_at else "yet"
        return Idle(
            "offline", f"it has not called {since}: look at its network, battery, and whether its app is asleep"
        )
    if not here.is_gateway_enabled:
        return Idle("gateway_disabled", f"its gateway {here.gateway} is disabled or deleted")
    if here.gateway_mode != "active":
        return Idle("gateway_paused", f"its gateway {here.gateway} is {here.gateway_mode}")
    return None


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")
