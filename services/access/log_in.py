"""Log-in with a password.

The answer to a wrong one, and its time, tell nothing about whether there is somebody of this address.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.access.api_keys import MintedKey
from domain.access.log_in_waits import OF_ADDRESS, OF_PAIR, address_subject, pair_subject
from domain.access.passwords import plain
from domain.access.people import PersonKind
from domain.errors import ForbiddenError, LogInError
from domain.keyring import Keyring
from services.access import second_factor
from services.access.hashing import Hashing
from services.access.people import about, actor_of
from services.access.waits import count_try
from services.changes import change, log_denied
from store.access import log_in_waits, people, sessions
from store.access.audit import Target
from store.access.people import Known
from store.pool import Pool

BEGUN = "session.begun"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody logs in with."""

    email: str
    password: str = field(repr=False)
    code: str | None = field(repr=False)
    """Of the second factor; ``None``: none was given."""
    kind: PersonKind | None
    """Who logs in, if staff and a user have the same address; ``None``: staff first."""
    context: Mapping[str, Any]
    """Of the request: address, user agent, …"""

    @property
    def ip(self) -> str:
        """From where."""
        return str(self.context.get("ip", ""))


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that has begun."""

    known: Known
    token: MintedKey


async def log_in(pool: Pool, hashing: Hashing, keyring: Keyring, attempt: Attempt) -> Begun:
    """Begin a session.

    Raises:
        LogInError: unknown address or wrong password; no code of the second factor, or a wrong one.
        TooSoonError: after too many tries.
        ForbiddenError: the user is suspended.
        UnavailableError: too many log in at this moment.
    """
    pair, address = pair_subject(attempt.email, attempt.ip), address_subject(attempt.ip)
    await count_try(pool, pair, OF_PAIR)
    await count_try(pool, address, OF_ADDRESS)
    known, password = await _find(pool, attempt), plain(attempt.password)
    is_right = await hashing.verify(known.password if known else None, password)
    if known is None or not is_right or known.status == "ended":
        await _log_refused(pool, attempt, known, "log_in_refused")
        raise LogInError("log_in_refused", "there is nobody of this address and password")
    await log_in_waits.give_back(pool, address)
    await log_in_waits.forget(pool, pair)
    if known.status != "active":
        await _log_refused(pool, attempt, known, "account_suspended")
        raise ForbiddenError("account_suspended", "this account is suspended")
    proof = "password" if known.totp_since is None else await _check_factor(pool, keyring, attempt, known)
    return await _begin(pool, hashing, attempt, known, password, proof)


async def _check_factor(pool: Pool, keyring: Keyring, attempt: Attempt, known: Known) -> str:
    try:
        return await second_factor.check(pool, keyring, known, attempt.code)
    except LogInError as error:
        if attempt.code is not None:
            await _log_refused(pool, attempt, known, error.code)
        raise


async def _find(pool: Pool, attempt: Attempt) -> Known | None:
    found = [
        known
        for known in await people.by_email(pool, attempt.email.strip())
        if known.password is not None and attempt.kind in (None, known.person.kind)
    ]
    return found[0] if found else None


async def _begin(pool: Pool, hashing: Hashing, attempt: Attempt, known: Known, password: str, proof: str) -> Begun:
    stored = known.password
    assert stored is not None
    renewed = await hashing.renewed(stored, password)
    async with change(pool, actor_of(known, attempt.context), BEGUN) as made:
        about(made, known)
        if renewed is not None and await people.replace_password(made.store, known.person, stored, renewed):
            stored = renewed
        token = await sessions.begin(
            made.store, known.person, attempt.ip, str(attempt.context.get("user_agent", "")), stored
        )
        if token is None:
            raise LogInError("log_in_refused", "the password was changed at this moment: log in again")
        made.metadata |= {"session_id": token.id, "with": proof}
    return Begun(known, token)


async def _log_refused(pool: Pool, attempt: Attempt, known: Known | None, why: str) -> None:
    """Without the address, if it is nobody's: some type their password there."""
    actor = actor_of(known, attempt.context)
    targets = [Target(actor.type, actor.id, actor.name)] if known else []
    await log_denied(pool, actor, BEGUN, targets, {"denied": why})
