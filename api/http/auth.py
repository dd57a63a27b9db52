"""Authentication: the key of a request is checked before anything else is read."""

import base64
from collections.abc import Collection
from datetime import UTC, datetime
from functools import partial

from fastapi import Request

from api.http.body import declared_length
from api.http.errors import ApiError
from api.http.query_text import check_query
from api.http.state import state_of
from api.limits.client_certificates import fingerprint_of
from api.limits.own_page import SAFE_METHODS, check_own_page, session_cookie
from api.requests.entry import noted_of
from api.requests.middleware import IN_PROCESS, UNATTENDED
from domain.access.api_keys import KeyKind, ParsedKey, matches, parse
from domain.access.networks import address_of, is_within
from domain.access.people import PersonKind
from domain.access.sessions import MARKED_EVERY
from domain.access.user_scopes import is_narrowed
from domain.request_rates import RATE_CLASSES, Rate, contacts_cost, size_cost
from services.accounts.acting import check_acting
from services.settings.current import CurrentSettings
from store.access import sessions
from store.accounts import request_rates
from store.accounts.api_keys import Network, Principal, StoredKey, Wanted, find_keys
from store.pool import Pool
from store.shared_lookup import SharedLookup

_SESSION_ENDED = "this session has ended: log in again"


class KeyLookup(SharedLookup[Wanted, StoredKey]):
    """Reads keys, anew for each request: one that was revoked is refused from then on."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(partial(find_keys, pool))


class SessionLookup(SharedLookup[Wanted, StoredKey]):
    """Reads sessions, anew for each request, too."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(partial(sessions.find_sessions, pool))


class Requires:
    """A dependency that accepts requests whose key has ``scope``; with a ``channel`` it also loads the credit there.

    ``also`` are further scopes that it needs.

    ``basic`` takes the key as the password of Basic authentication too. Browsers keep that and send it along with
    requests of any page, so it must be off if a request changes something. ``reads_query`` is off if
    nothing is read from the query string, so that nothing can be misread; ``may_repeat`` are parameters whose values
    add up. ``minds_narrowing``: keys that are narrowed to channels or gateways, and test keys, are accepted as well;
    the channel of the path is checked, the route sees to everything else.

    Raises:
        ApiError: 401 no, unknown, revoked or expired key; 403 missing scope, narrowed key, suspended account, foreign
            address; 422 a query string that would be misread; 429 the key's rate class is used up.
    """

    def __init__(
        self,
        scope: str,
        channel: str | None = None,
        *,
        also: Collection[str] = (),
        basic: bool = False,
        reads_query: bool = True,
        may_repeat: Collection[str] = (),
        minds_narrowing: bool = False,
    ) -> None:
        self.scopes = (scope, *also)
        self.minds_narrowing = minds_narrowing
        self._channel = channel
        self._basic = basic
        self._reads_query = reads_query
        self._may_repeat = may_repeat

    async def __call__(self, request: Request) -> Principal:
        key = key_of(request, basic=self._basic, changes="send" in self.scopes)
        principal = await accept_key(request, key, await stored_key_of(request, key, self._channel))
        self.check(principal, self._channel or request.path_params.get("channel"))
        if self._reads_query:
            check_query(request.scope["query_string"], self._may_repeat)
        return principal

    def check(self, principal: Principal, channel: str | None) -> None:
        """Refuse a key without the scope, or one that is narrowed too much.

        Raises:
            ApiError: 403.
        """
        for scope in self.scopes:
            if scope not in principal.scopes:
                raise ApiError(403, "scope_missing", f"this key lacks the scope {scope!r}")
        if principal.is_test and not self.minds_narrowing:
            raise ApiError(403, "test_key", "a test key only sends, reads and changes test messages")
        if is_narrowed(principal.scopes):
            if not self.minds_narrowing:
                raise ApiError(403, "key_narrowed", "this key is narrowed: it only sends, reads and changes messages")
            if channel is not None:
                check_channel(principal, channel)


requires = Requires
"""As routes name it."""


def check_channel(principal: Principal, channel: str) -> None:
    """Refuse a key that is narrowed to other channels.

    Raises:
        ApiError: 403.
    """
    if not principal.rights.allows_channel(channel):
        raise ApiError(403, "channel_not_allowed", f"this key is not for {channel}: it has other channel: scopes")


def key_of(request: Request, *, basic: bool = False, changes: bool = False) -> ParsedKey:
    """The key or the session that a request carries; ``basic`` is as in ``requires``.

    A header comes before the cookie of a session, which browsers send along with requests of other pages, too. So with
    the cookie a request that changes something must come from a page of ours. ``changes``: it does, whatever its
    method.

    Raises:
        ApiError: 401 there is none, or it cannot be one of ours; 403 it comes from another page.
    """
    text = _key_text(request, basic)
    if text is None:
        parsed = parse(session_cookie(request) or "")
        if parsed is None or parsed.kind is not KeyKind.SESSION:
            raise _unauthorized("send your API key in the header 'Api-key' or 'Authorization: Bearer', or log in")
        if changes or request.method not in SAFE_METHODS:
            check_own_page(request)
        return parsed
    parsed = parse(text)
    if parsed is None:
        raise _unauthorized("this is not an xsender API key: copy the whole key, it starts with xs_")
    return parsed


async def stored_key_of(request: Request, key: ParsedKey, channel: str | None = None) -> StoredKey | None:
    """What is stored of a key or a session, with the credit on the channel; ``None``: nothing."""
    lookup = SessionLookup if key.kind is KeyKind.SESSION else KeyLookup
    return await state_of(request).part(lookup).get((key.id, channel))


async def accept_key(request: Request, key: ParsedKey, stored: StoredKey | None, *, enrols: bool = False) -> Principal:
    """The account that a request acts for, if ``stored`` is the key that it carries, and may be used.

    ``enrols``: the route is one that sets up a second factor, so a session may come without one.

    Raises:
        ApiError: as in ``requires``, but for the scope and the query string.
    """
    if stored is None or not matches(key, stored.hash) or stored.kind != key.kind:
        raise _unauthorized(_SESSION_ENDED if key.kind is KeyKind.SESSION else "unknown API key")
    noted_of(request).key = stored.principal
    _check_usable(stored, request)
    if stored.principal.acting is not None:
        await check_acting(state_of(request).pool, stored.principal)
    if stored.lacks_second_factor and not enrols:
        await _check_second_factor(request, stored)
    if stored.principal.is_session and request.scope.get(IN_PROCESS) == UNATTENDED:
        return stored.principal
    if stored.session_used_at is not None and stored.session_used_at < datetime.now(UTC) - MARKED_EVERY:
        await sessions.mark_used(state_of(request).pool, key.id)
    await _check_rate(state_of(request).pool, stored.principal, size_cost(declared_length(request) or 0))
    return stored.principal


def _key_text(request: Request, basic: bool) -> str | None:
    if key := request.headers.get("api-key"):
        return key.strip()
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and value:
        return value.strip()
    if kind.lower() == "basic" and basic:
        return _password(value)
    return None


def _password(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except ValueError:  # not base64, or not UTF-8
        raise _unauthorized("the Basic authorization header is malformed") from None


def _check_usable(stored: StoredKey, request: Request) -> None:
    if stored.revoked_at is not None:
        raise _unauthorized("this API key was revoked")
    if stored.expires_at is not None and stored.expires_at <= datetime.now(UTC):
        raise _unauthorized(_SESSION_ENDED if stored.principal.is_session else "this API key has expired")
    if stored.principal.status != "active":
        raise ApiError(403, f"account_{stored.principal.status}", f"this account is {stored.principal.status}")
    if stored.allowed_ips is not None and not _comes_from(request, stored.allowed_ips):
        raise ApiError(403, "address_not_allowed", "this key may not be used from your address")
    if stored.certificate is not None and fingerprint_of(request) != stored.certificate:
        raise ApiError(403, "certificate_required", "this key may only be used with its client certificate")


async def _check_second_factor(request: Request, stored: StoredKey) -> None:
    """A changed setting counts from the next request on: its version came along with the session."""
    install = await state_of(request).part(CurrentSettings).at(stored.principal.settings_version)
    kind = PersonKind.USER if stored.staff_id is None else PersonKind.STAFF
    if install.requires_second_factor(kind):
        message = "first set up a second factor: POST /api/auth/totp with your password, then its code to /confirm"
        raise ApiError(403, "second_factor_required", message)


def _comes_from(request: Request, networks: list[Network]) -> bool:
    return is_within(address_of(request.client.host if request.client else None), networks)


async def _check_rate(pool: Pool, principal: Principal, more: int) -> None:
    """Only what is limited pays for it, with a statement. All keys of an account share its limit, but for those that
    have one of their own; all processes do.
    """
    rate = _rate_of(principal)
    if rate is None:
        return
    wait = await request_rates.take(pool, _subject(principal), rate, 1 + more)
    if wait > 0:
        raise ApiError(429, "rate_limited", f"too many requests: wait {wait:.1f} s", retry_after=wait)


async def charge_contacts(request: Request, principal: Principal, contacts: int, length: int) -> None:
    """Count what a request costs its limited account for its contacts, and for ``length`` if it declared none."""
    cost = contacts_cost(contacts) + (size_cost(length) if declared_length(request) is None else 0)
    rate = _rate_of(principal)
    if cost and rate is not None:
        await request_rates.charge(state_of(request).pool, _subject(principal), rate, cost)


def _rate_of(principal: Principal) -> Rate | None:
    is_free = principal.kind == "admin" and not principal.has_own_rate
    return None if is_free else RATE_CLASSES.get(principal.rate_class)


def _subject(principal: Principal) -> str:
    return f"key {principal.key_id}" if principal.has_own_rate else f"account {principal.account_id}"


def _unauthorized(message: str) -> ApiError:
    return ApiError(401, "unauthorized", message)
