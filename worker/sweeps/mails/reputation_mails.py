"""Mails about what the reputation guard found, to the owner and to staff, over the install's own mail server.

Each finding is claimed before its mails are sent, so two workers never send the same ones.
"""

from collections.abc import Mapping
from typing import Any

import structlog

from domain.keyring import Keyring
from domain.reputation.rules import advice
from gateways.net.names import Names
from services.system_mail.notice import Notice
from services.system_mail.recipients import staff_that_may
from services.system_mail.sending import is_set, try_notice
from store.pool import Pool
from store.reputation import mails
from store.reputation.mails import DueMail

log = structlog.get_logger()

AT_A_TIME = 4
TRY_AGAIN_AFTER = 1800.0
"""Seconds after which mails of which none was sent are tried again, by any worker: longer than all of one take."""
_PERMISSION = "sending:pause"
"""Staff that may end a pause is told of it."""


class ReputationMails:
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
            await mails.drop(self._pool)
            return
        while due := await mails.claim(self._pool, TRY_AGAIN_AFTER, AT_A_TIME):
            staff = await staff_that_may(self._pool, _PERMISSION)
            for mail in due:
                await self._send(mail, staff)

    async def _send(self, mail: DueMail, staff: list[str]) -> None:
        to = {email.casefold(): email for email in (mail.owner_email, *staff) if email}
        ended = [await self._send_one(mail, email) for email in to.values()]
        if any(ended) or not ended:  # whoever has got it does not get it again
            await mails.sent(self._pool, mail)

    async def _send_one(self, mail: DueMail, to: str) -> bool:
        """Send it to one of them. Returns whether that needs no other try."""
        why = await try_notice(self._pool, self._keyring, self._environment, to, notice(mail), self._names)
        if why:
            log.warning("a mail about a reputation was not sent", finding=str(mail.id), why=why)
        return not why


_NAMES = {"account": "user", "gateway": "gateway", "batch": "batch"}


def notice(mail: DueMail) -> Notice:
    """What the mail says."""
    about = f"the {_NAMES[mail.subject]} {mail.about} on {mail.channel}"
    if mail.level == "warning":
        subject, what = f"Warning: bad reports about {about}", f"This is a warning about {about}. Nothing is held back."
    elif mail.subject == "batch":
        subject, what = f"Paused: {about}", f"Because of that {about} is paused until somebody resumes it."
    else:
        subject = f"Paused: messages of {about}"
        what = (
            f"Because of that all messages of {about} that are not transactional wait until staff resumes them. "
            "Transactional messages are sent."
        )
    return Notice(subject, [f"{mail.sentence}.", what, advice(mail.signal)])
