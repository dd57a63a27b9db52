"""The settings that hold now: what was set, else what the environment says, else the default."""

import time
from collections.abc import Mapping
from typing import Any

from domain.merge_patch import merge
from services.settings.models import InstallSettings
from store.pool import Connections, Pool
from store.settings import install_settings

RECENT_SECONDS = 1.0
"""How old settings may be where no key is looked up, such as for a provider's webhook."""

_OF_RETENTION = (
    *("keep_months", "keep_attempt_months", "event_days", "callback_days", "request_log_days"),
    "inbound_days",
)
_PLACES = {name: ("retention", name) for name in _OF_RETENTION}
"""Where a setting of the environment is, if not at the top."""


class CurrentSettings:
    """The settings in this process, read again when they have changed.

    The version of the settings comes along with each key that is looked up, so a change counts from the next request
    on, in every process, without a statement more.
    """

    def __init__(self, pool: Pool, environment: Mapping[str, Any]) -> None:
        """``environment``: settings that the process was started with (``runtime.settings.Settings.for_install``)."""
        self._pool = pool
        self._environment = environment
        self._version: int | None = None
        self._settings = InstallSettings()
        self._read_at = 0.0

    async def at(self, version: int) -> InstallSettings:
        """The settings of this version, or a later one."""
        if version != self._version:
            await self._read()
        return self._settings

    async def recent(self) -> InstallSettings:
        """The settings as they were at most a second ago."""
        if self._version is None or time.monotonic() - self._read_at > RECENT_SECONDS:
            await self._read()
        return self._settings

    async def _read(self) -> None:
        began = time.monotonic()
        stored = await install_settings.read(self._pool)
        self._settings = effective(self._environment, stored.settings)
        self._version, self._read_at = stored.version, began


async def read_current(store: Connections, environment: Mapping[str, Any]) -> InstallSettings:
    """The settings that hold now."""
    return effective(environment, (await install_settings.read(store)).settings)


def effective(environment: Mapping[str, Any], stored: Mapping[str, Any]) -> InstallSettings:
    """The settings that hold."""
    return InstallSettings.trusted(merge(in_place(environment), stored))


def in_place(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the environment, each where it is in ``InstallSettings``."""
    placed: dict[str, Any] = {}
    for name, value in environment.items():
        *parents, last = _PLACES.get(name, (name,))
        target = placed
        for parent in parents:
            target = target.setdefault(parent, {})
        target[last] = value
    return placed
