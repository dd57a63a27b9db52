"""Mails about automations and leads, over the install's own mail server.

Each notice is claimed before its mails are sent, so two workers never send the same ones.
"""

from collections.abc import Mapping
from typing import Any

import structlog

from domain.keyring import Keyring
from gateways.net.names import Names
from services.system_mail.notice import Notice
from services.system_mail.sending import is_set, try_notice
from store.automations.results import notices
from store.automations.results.notices import Kept
from store.pool import Pool

log = structlog.get_logger()

AT_A_TIME = 4
TRY_AGAIN_AFTER = 1800.0
"""Seconds after which mails of which none was sent are tried again, by any worker: longer than all of one take."""


class AutomationMails:
    """One round after the other, until no mail is due."""

    def __init__(self, pool: Pool, keyring: Keyring, environment: Mapping[str, Any]) -> None:
        """``environment``: settings of the install that this process was started with."""
        self._pool = pool
        self._keyring = keyring
        self._environment = environment
        self._names = Names()

    async def run(self) -> None:
        """Send what is due. Without a mail server that is nothing, also when there is one later."""
        if not await is_set(self._pool):
            await notices.drop(self._pool)
            return
        while due := await notices.claim(self._pool, TRY_AGAIN_AFTER, AT_A_TIME):
            for notice in due:
                await self._send(notice)

    async def _send(self, notice: Kept) -> None:
        ended = [await self._send_one(notice, email) for email in notice.emails]
        if any(ended) or not ended:  # whoever has got it does not get it again
            await notices.mailed(self._pool, notice.id)

    async def _send_one(self, notice: Kept, to: str) -> bool:
        """Send it to one of them. Returns whether that needs no other try."""
        mail = Notice(notice.subject, notice.message.split("\n\n"))
        why = await try_notice(self._pool, self._keyring, self._environment, to, mail, self._names)
        if why:
            log.warning("a notice was not mailed", notice=str(notice.id), why=why)
        return not why
