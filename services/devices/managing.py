"""Rules for what owners and staff do with devices."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from domain.devices.presets import PRESETS
from domain.devices.sims import Sim
from services.changes import Change
from services.devices import sims as sim_rules
from services.devices.finding import find_device
from services.devices.sessions import end
from store.devices import devices, lost_messages, tokens


async def rename(change: Change, account_id: int | None, device_id: UUID, name: str) -> None:
    """Give a device another name, which stays when it is paired again.

    Raises:
        NotFoundError: the account (``None``: nobody) has no such device.
    """
    found = await find_device(change, account_id, device_id)
    await devices.rename(change.store, device_id, name)
    change.compare({"name": found.name}, {"name": name})


async def revoke(change: Change, account_id: int | None, device_id: UUID) -> None:
    """End a device's session for good: it works again only once it is paired again. Messages that it has end as
    unknown: nobody will hear of them. A repeat changes nothing.

    Raises:
        NotFoundError: the account (``None``: nobody) has no such device.
    """
    found = await find_device(change, account_id, device_id)
    await tokens.delete_of_device(change.store, device_id)
    await end(change.store, device_id, "revoked")
    lost = await lost_messages.lose(
        change.store, device_id, "device_revoked", "the phone was revoked, and may have sent it before"
    )
    change.compare({"state": found.state}, {"state": "revoked"})
    change.metadata["unknown"] = lost


async def alter_sim(
    change: Change, account_id: int | None, device_id: UUID, uid: str, values: Mapping[str, Any]
) -> Sim:
    """Change a SIM of a device. ``preset`` sets all its caps; those that are given besides count more.

    Raises:
        NotFoundError: the account (``None``: nobody) has no such device, or that has no such SIM.
        InvalidError: the values make no sense.
    """
    await find_device(change, account_id, device_id)
    before = await sim_rules.find(change.store, device_id, uid)
    caps = PRESETS[values["preset"]] if values.get("preset") else {}
    after = await sim_rules.alter(change.store, device_id, uid, {**caps, **values})
    change.compare(asdict(before), asdict(after), hidden=("number",))
    return after
