"""Of which kinds a user's key may see failures, and begin them anew."""

from collections.abc import Collection

from api.http.errors import ApiError
from domain.access.user_scopes import CONTACTS, is_narrowed
from services.failures.kinds import KINDS, Kind
from store.accounts.api_keys import Principal

_MESSAGES: tuple[Kind, ...] = ("message",)


def kinds_of(principal: Principal, asked: Kind | None) -> Collection[Kind]:
    """Those that are asked for, or all that the key may see: with runs and leads of contacts only by the scope for
    them, and not by keys that are narrowed, or for tests.

    Raises:
        ApiError: 403, it may not see what is asked for.
    """
    if asked == "message":
        return _MESSAGES
    if CONTACTS in principal.scopes and not is_narrowed(principal.scopes) and not principal.is_test:
        return KINDS if asked is None else (asked,)
    if asked is None:
        return _MESSAGES
    message = f"this needs a key with the scope {CONTACTS!r}, not narrowed, and not for tests"
    raise ApiError(403, "scope_missing", message)
