"""Whom the system mails when no address is set."""

from domain.access.permissions import PRESETS
from store.pool import Connections
from store.reputation import mails


async def staff_that_may(store: Connections, permission: str) -> list[str]:
    """Addresses of active staff with a permission, 20 at most."""
    roles = [name for name, permissions in PRESETS.items() if permission in permissions]
    return await mails.staff_emails(store, roles, permission)
