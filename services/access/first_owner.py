"""The first owner: made by a link that whoever runs commands on the machine prints."""

from domain.access.one_time import Purpose, new_token, token_hash
from domain.access.passwords import checked_password
from domain.access.people import Person, PersonKind
from domain.access.permissions import OWNER
from domain.errors import ConflictError
from services.access.hashing import Hashing
from services.access.passwords import find_by_token
from services.accounts.users import checked_email, checked_name
from services.changes import Change
from store.access import one_time_tokens, people, staff
from store.access.staff import Member
from store.pool import Connections, Pool


async def issue_setup_token(change: Change) -> str:
    """A token with which somebody becomes the first owner. Those made before end.

    Raises:
        ConflictError: there is an owner who can log in.
    """
    await _check_none(change.store)
    token = new_token()
    await one_time_tokens.revoke(change.store, None, Purpose.SETUP)
    await one_time_tokens.issue(change.store, Purpose.SETUP, None, token_hash(token))
    change.about("role", OWNER)
    return token


async def hash_for_owner(pool: Pool, hashing: Hashing, token: str, email: str, name: str, password: str) -> str:
    """The hash of the first owner's password. With a token that cannot be used nothing is hashed.

    Raises:
        ConflictError: there is an owner who can log in.
        InvalidError: the token cannot be used, or a value is refused.
    """
    await _check_none(pool)
    await find_by_token(pool, token, Purpose.SETUP)
    return await hashing.hash(checked_password(password, checked_email(email), checked_name(name)))


async def set_up(change: Change, token: str, email: str, name: str, hashed: str) -> Member:
    """Make the first owner, once.

    Raises:
        ConflictError: there is an owner who can log in; somebody of staff has this address.
        InvalidError: the token cannot be used.
    """
    await staff.lock_role(change.store, OWNER)
    await _check_none(change.store)
    await find_by_token(change.store, token, Purpose.SETUP, lock=True)
    member = await staff.add(change.store, checked_email(email), checked_name(name), OWNER, None)
    await people.set_password(change.store, Person(PersonKind.STAFF, member.id), hashed)
    await one_time_tokens.revoke(change.store, None, Purpose.SETUP)
    change.about("staff", member.id, member.email)
    change.metadata["role"] = OWNER
    return member


async def _check_none(pool: Connections) -> None:
    if await people.has_owner_with_password(pool, OWNER):
        message = "there is an owner who can log in: ask one for an invitation, and use it at POST /api/auth/reset"
        raise ConflictError("already_set_up", message)
