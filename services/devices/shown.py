"""Devices, their SIMs and tokens as API and commands show them: what a device does, what its SIMs may still send, and
why it is idle."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.devices.idle import Idle, Situation, Used, idle_device, idle_sim, left
from domain.devices.sims import CAPS, Sim
from domain.devices.tokens import TokenKind
from services.devices.finding import unknown_device
from services.devices.tokens import Issued
from store import clock
from store.devices import lists, sims
from store.devices.lists import Listed, Messages
from store.devices.tokens import Token
from store.pool import Connections

_SIM = ("uid", "slot", "label", "number", "carrier", "iccid_end", "country", "preset", *CAPS)
_DEVICE = ("name", "state", "seen_at", "protocol", "device_uuid", "android_version", "app_version", "health")
_TOKEN = ("kind", "label", "expires_at", "used_at", "created_at")
_DOOR = "/api/gateway/sms/android"
"""Where phones find their routes."""


@dataclass(frozen=True, slots=True)
class Described:
    """A device with all that is known of it."""

    device: Listed
    sims: Sequence[tuple[Sim, Used]]
    held: int
    waiting: int
    idle: Idle | None
    now: datetime


async def describe(store: Connections, account_id: int | None, device_id: UUID) -> Described:
    """A device of an account (``None``: of any).

    Raises:
        NotFoundError: there is none.
    """
    device = await lists.one(store, device_id, account_id)
    if device is None:
        raise unknown_device(device_id)
    return (await describe_all(store, [device]))[0]


async def describe_all(store: Connections, devices: Sequence[Listed]) -> list[Described]:
    """Several, in this order, by as many statements as one takes."""
    ids = [device.id for device in devices]
    own, used = await sims.of_devices(store, ids), await lists.used(store, ids)
    counts = await lists.count_messages(store, ids)
    now = await clock.now(store)
    described = []
    for device in devices:
        sims_used = [(sim, used.get((device.id, sim.uid), Used())) for sim in own[device.id]]
        described.append(_described(device, sims_used, counts.get(device.id, Messages()), now))
    return described


def _described(device: Listed, own: Sequence[tuple[Sim, Used]], messages: Messages, now: datetime) -> Described:
    here = Situation(
        device.state,
        device.seen_at,
        device.is_online,
        device.gateway,
        device.gateway_enabled,
        device.gateway_mode,
        messages.waiting,
        messages.held,
    )
    return Described(device, own, messages.held, messages.waiting, idle_device(now, here, own), now)


def shown_sim(sim: Sim) -> dict[str, Any]:
    """A SIM, as its phone sees it."""
    row: dict[str, Any] = {name: getattr(sim, name) for name in _SIM}
    return row | {"active": sim.enabled, "countries": list(sim.countries)}


def shown_used_sim(sim: Sim, used: Used, now: datetime) -> dict[str, Any]:
    """A SIM, as its owner sees it."""
    idle = idle_sim(sim, used, now)
    windows = {"minute": used.minute, "hour": used.hour, "day": used.day, "unique_per_month": used.recipients}
    return shown_sim(sim) | {
        "used": windows,
        "left": left(sim, used),
        "free_at": used.free_at,
        "cooling_until": used.cooling_until,
        "cooling_code": used.cooling_code,
        "idle": idle and asdict(idle),
    }


def listed_device(device: Listed) -> dict[str, Any]:
    """A device in a list."""
    row: dict[str, Any] = {
        "id": str(device.id),
        "user_id": device.account_id or None,
        "gateway": {"id": str(device.gateway_id), "identifier": device.gateway},
        "online": device.is_online,
    }
    row |= {name: getattr(device, name) for name in _DEVICE}
    skew = None if device.clock_skew is None else round(device.clock_skew, 1) + 0.0  # not -0.0
    return row | {"clock_skew": skew, "linked_at": device.linked_at, "created_at": device.created_at}


def shown_device(found: Described) -> dict[str, Any]:
    """A device with all that is known of it."""
    return listed_device(found.device) | {
        "sims": [shown_used_sim(sim, used, found.now) for sim, used in found.sims],
        "held": found.held,
        "waiting": found.waiting,
        "idle": found.idle and asdict(found.idle),
    }


def listed_token(token: Token) -> dict[str, Any]:
    """A pairing token, without its text."""
    row: dict[str, Any] = {
        "id": str(token.id),
        "user_id": token.account_id or None,
        "gateway_id": str(token.gateway_id),
        "device_id": token.device_id and str(token.device_id),
        "state": _state(token),
        "used_by": token.used_by and str(token.used_by),
    }
    return row | {name: getattr(token, name) for name in _TOKEN}


def issued_token(issued: Issued, install: str | None) -> dict[str, Any]:
    """A token that was just made, with its text, and where phones find the install, which has this public URL."""
    door = f"{_DOOR}/smsgate" if issued.token.kind == TokenKind.CODE else _DOOR
    url = None if install is None else install.rstrip("/") + door
    return listed_token(issued.token) | {"token": issued.text, "url": url}


def _state(token: Token) -> str:
    if token.used_at is not None:
        return "used"
    return "usable" if token.expires_at > datetime.now(UTC) else "expired"
