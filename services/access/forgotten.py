"""Mails to who forgot the password. They are sent after the answer, which tells nothing about who is known."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from domain.access.one_time import HOURS, Purpose, new_token, token_hash
from domain.errors import ConflictError
from domain.keyring import Keyring
from domain.recipients import InvalidRecipient
from gateways.net.names import Names
from runtime.tasks import cancel_and_wait
from services.access.people import about, actor_of
from services.changes import change
from services.system_mail.notice import Notice
from services.system_mail.sending import is_set, send_notice
from store.access import one_time_tokens, people
from store.access.people import Known
from store.pool import DB_UNAVAILABLE, Pool

log = structlog.get_logger()

MOST_TOKENS = 3
"""Mails to one person in an hour: more would only fill the mailbox."""
_MOST_AT_WORK = 20
_AT_STOP = 5.0
"""Seconds that mails on their way get when the process stops."""


class Forgotten:
    """Of one process."""

    def __init__(self, pool: Pool, keyring: Keyring, environment: Mapping[str, Any], names: Names) -> None:
        self._pool = pool
        self._keyring = keyring
        self._environment = environment
        self._names = names
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, email: str, context: Mapping[str, Any]) -> None:
        """Have a mail sent to who uses this address, if anybody does and has a password."""
        if len(self._tasks) >= _MOST_AT_WORK:
            log.warning("a link for a new password was not sent: too many at a time")
            return
        task = asyncio.create_task(self._send(email, context))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Let mails on their way be sent."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_AT_STOP)
        await cancel_and_wait(*self._tasks)

    async def _send(self, email: str, context: Mapping[str, Any]) -> None:
        try:
            for known in await people.by_email(self._pool, email.strip()):
                if known.password is not None and known.status == "active":
                    await self._send_to(known, context)
        except DB_UNAVAILABLE:
            log.warning("a link for a new password was not sent: the database is unavailable")
        except Exception as error:
            log.error("a link for a new password was not sent", exc_info=error)

    async def _send_to(self, known: Known, context: Mapping[str, Any]) -> None:
        if not await is_set(self._pool):
            log.warning("a link for a new password was not sent: there is no mail server for the system's own mail")
            return
        if await one_time_tokens.count(self._pool, Purpose.RESET, known.person) >= MOST_TOKENS:
            return
        token = new_token()
        async with change(self._pool, actor_of(None, context), "password.forgotten") as made:
            about(made, known)
            await one_time_tokens.issue(made.store, Purpose.RESET, known.person, token_hash(token))
        notice = _notice(known, token)
        try:
            trial = await send_notice(self._pool, self._keyring, self._environment, known.email, notice, self._names)
        except (ConflictError, InvalidRecipient) as error:
            log.warning("a link for a new password was not sent", code=error.code)
        else:
            log.info("a link for a new password was sent", outcome=trial.outcome)


def _notice(known: Known, token: str) -> Notice:
    hours = HOURS[Purpose.RESET]
    return Notice(
        "A new password",
        [
            f"Hello {known.name},",
            "somebody asked for a new password for this address. If it was not you, do nothing: nothing has changed.",
            f"Otherwise set one with this token, once, within {hours} hour:",
            token,
        ],
    )
