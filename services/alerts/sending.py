"""Sends alerts on two ways that do not wait for one another: by mail, and to a chat."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

from domain.keyring import Keyring
from gateways.chat import post_text
from gateways.net.http import HttpClient
from gateways.net.names import Names
from runtime.settings import Settings
from services.system_mail.notice import Notice
from services.system_mail.sending import is_set, try_notice
from store.alerts import deliveries
from store.alerts.deliveries import Delivery, Way
from store.pool import Pool

log = structlog.get_logger()

AT_A_TIME = 8
"""Sent side by side; each takes half a minute at most."""

_Send = Callable[[Delivery], Awaitable[str]]
"""Returns why it needs another try; "": it needs none."""


class AlertSender:
    """What is due is sent at least once: a process that dies just after sending it has it sent again."""

    def __init__(self, pool: Pool, settings: Settings, keyring: Keyring) -> None:
        self._pool = pool
        self._settings = settings
        self._keyring = keyring
        self._names = Names()

    async def mail(self) -> None:
        """Send mails that are due. Without a mail server of the system there are none."""
        await deliveries.give_up(self._pool)
        if not await is_set(self._pool):
            await deliveries.drop(self._pool, "mail")
            return
        await self._send_due("mail", self._mail_one)

    async def _mail_one(self, due: Delivery) -> str:
        notice = Notice(due.subject, due.message.split("\n\n"))
        environment = self._settings.for_install
        return await try_notice(self._pool, self._keyring, environment, due.address, notice, self._names)

    async def post(self) -> None:
        """Post to the chat what is due. Without an address there is nothing."""
        url = self._settings.alert_slack_url.get_secret_value()
        if not url:
            await deliveries.drop(self._pool, "slack")
            return
        async with _client() as http:

            async def post_one(due: Delivery) -> str:
                return await post_text(http, url, due.message) or ""

            await self._send_due("slack", post_one)

    async def _send_due(self, way: Way, send: _Send) -> None:
        while due := await deliveries.claim(self._pool, way, AT_A_TIME):
            await asyncio.gather(*(self._send(way, one, send) for one in due))

    async def _send(self, way: Way, due: Delivery, send: _Send) -> None:
        if why := await send(due):
            log.warning("an alert is sent again later", way=way, tries=due.tries, why=why)
        else:
            await deliveries.sent(self._pool, due.id)


@asynccontextmanager
async def _client() -> AsyncIterator[HttpClient]:
    """For one round: alerts are rare. Private networks too, as whoever runs the workers sets the address."""
    http = HttpClient(private=True)
    try:
        yield http
    finally:
        await http.aclose()
