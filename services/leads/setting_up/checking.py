"""Whether a source works: what its provider says of its token, its access and its forms, in words for its owner."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from domain.keyring import Keyring
from domain.leads.reading.forms import form_of_linkedin, form_of_meta
from domain.leads.reading.values import text_of
from domain.leads.source import SourceSettings
from gateways.leads.fetching import Fetched, Listed, Refused, Token
from gateways.leads.graph import GraphApi
from gateways.leads.linkedin_errors import SCOPE
from services.leads.providers import Providers
from services.leads.rules import opened
from store.leads import waiting
from store.leads.sources import Source
from store.pool import Pool

_NEEDED = ("leads_retrieval", "pages_manage_metadata", "pages_show_list", "pages_read_engagement")
_USEFUL = ("ads_management",)
_PAGES = 8
"""Of forms that are asked for: 200 forms."""
_LINKEDIN_OAUTH = "https://www.linkedin.com"
"""Where LinkedIn gives tokens out."""
_ENTER = {
    "google": "enter webhook_url and the key of this source in the lead form's settings in Google Ads, and send "
    "test data from there",
    "form": "have the form post to webhook_url; pages of a web site may if it is among origins",
}
_SOON = 14
"""Days: a token that ends within them is pointed out."""


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that was looked at."""

    name: str
    ok: bool | None
    """``None``: that cannot be said."""
    message: str
    """How it is, and if it is not as it should be, what to do."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a check."""

    points: Sequence[Point]
    forms: Sequence[dict[str, Any]] = ()
    """``id``, ``name``, ``status`` and ``questions`` of ``key`` and ``label``: for whoever writes a mapping."""


async def check(pool: Pool, keyring: Keyring, providers: Providers, source: Source, *, subscribe: bool) -> Checked:
    """Look at a source. ``subscribe``: Meta's page is to report its leads, if it does not yet.

    Raises:
        ConflictError: its credentials do not open.
    """
    held = opened(keyring, source)
    match source.kind:
        case "meta":
            found = await _check_meta(pool, providers, source, subscribe=subscribe)
        case "linkedin":
            app = (held["client_id"], held["client_secret"]) if {"client_id", "client_secret"} <= held.keys() else None
            found = await _check_linkedin(pool, providers, source, app)
        case _:
            found = Checked([Point("address", True, _ENTER[source.kind])])
    return replace(found, points=[*found.points, *_of_posts(source)])


async def _check_meta(pool: Pool, providers: Providers, source: Source, *, subscribe: bool) -> Checked:
    api = await providers.graph(source)
    if isinstance(api, Refused):
        return Checked([_not_said("token", api)])
    page_id = SourceSettings.of(source.settings).page_id or ""
    token = await api.debug_token()
    points = _of_token(token, _NEEDED)
    if isinstance(token, Token):
        if token.is_valid:
            points += _of_data_access(token)
            ends = [one for one in (token.expires_at, token.data_access_expires_at) if one is not None]
            told = {} if token.user_id is None else {"meta_user": token.user_id}
            await waiting.note_token(pool, source.id, source.edition, min(ends, default=None), told)
        else:
            return Checked(points)
    app_id = token.app_id if isinstance(token, Token) else None
    page, subscribed, listed = await asyncio.gather(
        api.page_of_token(),
        _subscribed(api, page_id, app_id, subscribe=subscribe),
        _all(partial(api.list_forms, page_id)),
    )
    points += [_of_page(page, page_id), subscribed, _of_forms(listed)]
    forms = [] if isinstance(listed, Refused) else [form_of_meta(one) for one in listed.items]
    warnings = sorted({warning for one in (page, listed) if not isinstance(one, Refused) for warning in one.warnings})
    points += [Point("version", False, warning) for warning in warnings]
    return Checked(points, forms)


async def _check_linkedin(pool: Pool, providers: Providers, source: Source, app: tuple[str, str] | None) -> Checked:
    """``app``: the app's client id and secret; without them nobody says until when the token works."""
    api = await providers.linkedin(source)
    if isinstance(api, Refused):
        return Checked([_not_said("token", api)])
    settings, points = SourceSettings.of(source.settings), list[Point]()
    if app is None:
        words = (
            "enter the client id and the client secret of your app: LinkedIn then says until when the token is valid"
        )
        points.append(Point("token", None, words))
    else:
        token = await api.introspect(*app, settings.api_url or _LINKEDIN_OAUTH)
        points += _of_token(token, (SCOPE,))
        if isinstance(token, Token) and token.is_valid:
            await waiting.note_token(pool, source.id, source.edition, token.expires_at, {})
        elif isinstance(token, Token):
            return Checked(points)
    listed = await _all(partial(api.list_forms, settings.owner or ""))
    points.append(_of_forms(listed))
    return Checked(points, [] if isinstance(listed, Refused) else [form_of_linkedin(one) for one in listed.items])


def _of_posts(source: Source) -> list[Point]:
    """What was posted for a source so far."""
    if source.last_lead_at is None:
        words = "no lead has come yet: have the provider send a test"
        points = [Point("leads", None, words)]
    else:
        points = [Point("leads", True, f"the last lead came {_at(source.last_lead_at)}")]
    if source.last_refused is not None and source.last_refused_at is not None:
        is_since = source.last_lead_at is None or source.last_refused_at > source.last_lead_at
        words = f"a post was refused {_at(source.last_refused_at)} ({source.last_refused}); {source.refused} so far"
        points.append(Point("posts", not is_since, words))
    return points


def _of_token(token: Token | Refused, needed: Sequence[str]) -> list[Point]:
    if isinstance(token, Refused):
        return [_not_said("token", token)]
    if not token.is_valid:
        return [Point("token", False, "the token is not valid any more: create a new one, and enter it")]
    points = [_until("token", "the token works", token.expires_at)]
    if missing := [one for one in needed if one not in token.scopes]:
        words = f"permissions are missing: {', '.join(missing)}. Create a token that has them"
        return [*points, Point("permissions", False, words)]
    useful = [one for one in _USEFUL if one not in token.scopes] if len(needed) > 1 else []
    more = f"; without {', '.join(useful)} nobody says by which ad leads came" if useful else ""
    return [*points, Point("permissions", True, f"all that are needed are there{more}")]


def _of_data_access(token: Token) -> list[Point]:
    until = token.data_access_expires_at
    return [] if until is None else [_until("data_access", "Meta gives people's data to the app", until)]


def _of_page(page: Fetched | Refused, page_id: str) -> Point:
    if isinstance(page, Refused):
        return _not_said("page", page)
    found, name = text_of(page.body.get("id")), text_of(page.body.get("name"))
    if found == page_id:
        return Point("page", True, f"the token is of the page {name or page_id}")
    return Point(
        "page", False, f"the token is of {name or found} ({found}), not of the page {page_id}: enter that one's"
    )


async def _subscribed(api: GraphApi, page_id: str, app_id: str | None, *, subscribe: bool) -> Point:
    known = await api.subscriptions(page_id)
    if isinstance(known, Refused):
        return _not_said("subscription", known)
    if any("leadgen" in _fields(app) for app in known.items if app_id is None or app.get("id") == app_id):
        return Point("subscription", True, "the page reports its leads")
    if not subscribe:
        words = 'the page does not report its leads: check again with {"subscribe": true} to have it do so'
        return Point("subscription", False, words)
    done = await api.subscribe(page_id, app_id)
    if isinstance(done, Refused):
        return _not_said("subscription", done)
    return Point("subscription", True, "the page reports its leads from now on")


def _fields(app: dict[str, Any]) -> list[Any]:
    named = app.get("subscribed_fields")
    return named if isinstance(named, list) else []


async def _all(read: Callable[[str | None], Awaitable[Listed | Refused]]) -> Listed | Refused:
    found = await read(None)
    for _ in range(_PAGES - 1):
        if isinstance(found, Refused) or found.cursor is None:
            break
        found = _with(found, await read(found.cursor))
    return found


def _with(before: Listed, after: Listed | Refused) -> Listed | Refused:
    if isinstance(after, Refused):
        return after
    return Listed(before.items + after.items, after.cursor, before.warnings + after.warnings)


def _of_forms(listed: Listed | Refused) -> Point:
    if isinstance(listed, Refused):
        return _not_said("forms", listed)
    if not listed.items:
        return Point("forms", False, "there is no form yet: make one at the provider")
    return Point("forms", True, f"{len(listed.items)} forms" if len(listed.items) > 1 else "one form")


def _not_said(name: str, refused: Refused) -> Point:
    is_unclear = refused.act in ("temporary", "rate")
    return Point(name, None if is_unclear else False, refused.message)


def _until(name: str, what: str, until: datetime | None) -> Point:
    if until is None:
        return Point(name, True, f"{what}, and no end is known")
    days = (until - datetime.now(UTC)).days
    if days < _SOON:
        return Point(name, False, f"{what} until {_at(until)} only: renew it")
    return Point(name, True, f"{what} until {_at(until)}")


def _at(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
