"""Devices of an account."""

from uuid import UUID

from domain.errors import NotFoundError
from services.changes import Change
from store.devices import devices
from store.devices.devices import Device


async def find_device(change: Change, account_id: int | None, device_id: UUID) -> Device:
    """The device that a change is about, of an account (``None``: of any); nobody else changes it meanwhile.

    Raises:
        NotFoundError: the account has no such device.
    """
    found = await devices.find(change.store, device_id, account_id, lock=True)
    if found is None:
        raise unknown_device(device_id)
    change.about("device", found.id, found.name)
    return found


def unknown_device(device_id: UUID) -> NotFoundError:
    """The error for an id that is no device's."""
    return NotFoundError("device_not_found", f"there is no device with the id {device_id}")
