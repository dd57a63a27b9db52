"""Passwords: set by a link that can be used once, or changed by who knows the one before."""

from domain.access.log_in_waits import codes_subject
from domain.access.one_time import Purpose, new_token, token_hash
from domain.access.passwords import checked_password, plain
from domain.access.people import Person
from domain.errors import ConflictError, InvalidError, LogInError
from services.access.hashing import Hashing
from services.access.people import about, find_person
from services.access.staff import permissions_of
from services.changes import Change
from store.access import log_in_waits, one_time_tokens, people, sessions
from store.access.people import Known
from store.pool import Connections, Pool


async def find_by_token(pool: Connections, token: str, *purposes: Purpose, lock: bool = False) -> Known | None:
    """Whose a token for one of these purposes is; ``None``: that of the first owner, who is nobody yet.

    ``lock``: until the transaction ends nobody else uses it.

    Raises:
        InvalidError: it cannot be used, or its person has left.
    """
    found = await one_time_tokens.find(pool, token_hash(token), lock=lock)
    if found is None or found[0] not in purposes:
        raise _unusable()
    if found[1] is None:
        return None
    known = await people.get(pool, found[1])
    if known.status == "ended":
        raise _unusable()
    return known


async def hash_for(pool: Pool, hashing: Hashing, token: str, password: str) -> tuple[Known, str]:
    """The hash of the password that somebody sets by a link. Of a link that cannot be used nothing is hashed.

    Raises:
        InvalidError: the token cannot be used, or the password is refused.
        UnavailableError: too many log in at this moment.
    """
    known = await find_by_token(pool, token, Purpose.INVITE, Purpose.RESET)
    assert known is not None
    return known, await hashing.hash(checked_password(password, known.email, known.name))


async def set_by_token(change: Change, token: str, hashed: str) -> Known:
    """Set a password by a link. All sessions of the person end, and no other link works any more.

    Raises:
        InvalidError: the token cannot be used.
    """
    known = await find_by_token(change.store, token, Purpose.INVITE, Purpose.RESET, lock=True)
    assert known is not None
    await _set(change, known, hashed)
    return known


async def set_password(change: Change, hashing: Hashing, person: Person, password: str) -> None:
    """Set somebody's password, by a command. All sessions of the person end.

    Raises:
        NotFoundError: there is nobody of this id, or not any more.
        InvalidError: the password is refused.
    """
    known = await find_person(change.store, person)
    await _set(change, known, await hashing.hash(checked_password(password, known.email, known.name)))


async def check_password(hashing: Hashing, known: Known, password: str) -> None:
    """Refuse who is logged in, but does not know the password.

    Raises:
        ConflictError: there is none.
        LogInError: it is another one.
        UnavailableError: too many log in at this moment.
    """
    if known.password is None:
        raise ConflictError("no_password", "you log in without a password of your own")
    if not await hashing.verify(known.password, plain(password)):
        raise LogInError("password_wrong", "this is not your password")


async def replace_password(change: Change, known: Known, hashed: str, session_id: str) -> int:
    """Give who is logged in another password. All other sessions end: returns how many.

    Raises:
        ConflictError: it was changed meanwhile.
    """
    assert known.password is not None
    if not await people.replace_password(change.store, known.person, known.password, hashed):
        raise ConflictError("password_changed", "your password was changed at this moment: log in again")
    about(change, known)
    await _end_others(change, known)
    ended = await sessions.end_all(change.store, known.person, but=session_id)
    change.metadata["sessions_ended"] = ended
    return ended


async def invite(change: Change, person: Person, *, again: bool = False) -> str:
    """A link for somebody who has no password yet; ``again``: also for who has one. Those made before end.

    Raises:
        NotFoundError: there is nobody of this id, or not any more.
        ForbiddenError: the person may do what the actor may not.
        ConflictError: the person has a password.
    """
    change.actor.check_confirmed()
    known = await find_person(change.store, person)
    about(change, known)
    if known.role is not None:
        change.actor.check_grant(await permissions_of(change.store, known.role, lock=True))
    if known.password is not None and not again:
        message = "this person has a password: whoever forgot it asks for a mail, POST /api/auth/forgot"
        raise ConflictError("has_password", message)
    token = new_token()
    await one_time_tokens.revoke(change.store, person, Purpose.INVITE)
    await one_time_tokens.issue(change.store, Purpose.INVITE, person, token_hash(token))
    return token


async def _set(change: Change, known: Known, hashed: str) -> None:
    about(change, known)
    await people.set_password(change.store, known.person, hashed)
    await _end_others(change, known)
    change.metadata["sessions_ended"] = await sessions.end_all(change.store, known.person)


async def _end_others(change: Change, known: Known) -> None:
    """Whoever has a link, or guesses at codes with the password before, begins anew."""
    await one_time_tokens.revoke(change.store, known.person)
    await log_in_waits.forget(change.store, codes_subject(known.person))


def _unusable() -> InvalidError:
    return InvalidError(
        "token_unusable", "this token was used, has expired, or is not whole: ask for a new one", "/token"
    )
