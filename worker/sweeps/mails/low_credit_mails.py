"""Mails to users whose wallets have become low, over the install's own mail server.

Each is claimed before it is sent, so two workers never send the same one. A process that dies between sending a mail
and noting that has it sent again: none is lost, and hardly ever does one come twice.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from domain.keyring import Keyring
from gateways.net.names import Names
from services.system_mail.notice import Notice
from services.system_mail.sending import is_set, try_notice
from store.credits import alert_mails
from store.credits.alert_mails import LowWallet
from store.pool import Pool

log = structlog.get_logger()

AT_A_TIME = 8
"""Mails that are sent side by side; each takes half a minute at most."""
TRY_AGAIN_AFTER = 300.0
"""Seconds after which a mail that was not sent is tried again, by any worker."""


class LowCreditMails:
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
            await alert_mails.drop(self._pool)
            return
        while wallets := await alert_mails.claim(self._pool, TRY_AGAIN_AFTER, AT_A_TIME):
            await asyncio.gather(*map(self._send, wallets))

    async def _send(self, wallet: LowWallet) -> None:
        notice = _notice(wallet)
        why = await try_notice(self._pool, self._keyring, self._environment, wallet.email, notice, self._names)
        if why:
            log.warning("a mail about low credits is tried again", account_id=wallet.account_id, why=why)
        else:
            await alert_mails.sent(self._pool, wallet)


def _notice(wallet: LowWallet) -> Notice:
    return Notice(
        f"Few credits are left for {wallet.channel}",
        [
            f"Hello {wallet.name},",
            f"{wallet.available} credits are left for {wallet.channel}. You asked to be told of fewer than "
            f"{wallet.below}. Messages without credits are refused.",
        ],
    )
