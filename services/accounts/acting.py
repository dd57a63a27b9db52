"""Staff who work in the account of a user, as the user can: to help, or because the account is the company's own."""

from domain.access.narrowing import allows
from domain.access.people import Person, PersonKind
from domain.errors import ConflictError, ForbiddenError
from services.access.people import about, find_person
from services.access.staff import permissions_of
from services.changes import Change
from store.access import sessions
from store.accounts.api_keys import Principal
from store.pool import Connections

PERMISSION = "users:act"


async def begin_acting(change: Change, account_id: int) -> str:
    """Begin a session in the account. Returns its token.

    Raises:
        ConflictError: the actor is a key, not a member of staff.
        NotFoundError: there is no such user, or not any more.
    """
    if change.actor.type != "staff":
        raise ConflictError("staff_needed", "only a member of staff works in an account: a key is nobody to be named")
    known = await find_person(change.store, Person(PersonKind.USER, account_id))
    about(change, known)
    context = change.actor.context
    token = await sessions.begin_acting(
        *(change.store, int(change.actor.id), account_id, str(context["ip"]), str(context["user_agent"])),
        is_confirmed=change.actor.is_confirmed,
    )
    change.metadata["session_id"] = token.id
    return token.text


async def check_acting(pool: Connections, principal: Principal) -> None:
    """Refuse who may not work in this account any more.

    Raises:
        ForbiddenError: the permission was taken away.
        NotFoundError: the role was.
    """
    assert principal.acting is not None
    held = await permissions_of(pool, principal.acting.role)
    if not allows(held, PERMISSION, {"account": str(principal.account_id)}):
        raise ForbiddenError("permission_missing", f"this needs the permission {PERMISSION}")
