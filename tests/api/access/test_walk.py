"""Routes × kinds of callers: who is let in is what routes declare, and what the permission table says."""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientSession, TCPConnector

from domain.access.permissions import PERMISSIONS
from domain.access.user_scopes import SCOPES
from tests.api.access.callers import CALLERS, NOBODY, needs
from tests.api.access.objects import objects_of
from tests.api.access.routes import ALL, GUARDED, OF_STAFF, UNGUARDED, Route
from tests.api.admin import admin
from tests.api.log_in import user as user_who_logs_in
from tests.stack import Stack, User

AT_ONCE = 8
UNKNOWN = {
    **dict.fromkeys(("{account}", "{staff}", "{domain}"), NOBODY),
    **dict.fromkeys(("{key}", "{role}", "{external_id}", "{session}"), "none"),
    "{uid}": str(uuid4()),
    "{channel}": "sms",
    "{job}": "none",
    "{view}": NOBODY,
}
"""What stands in the paths of staff: nothing of that kind exists, so nothing is changed."""
BODIES: dict[str, Any] = {
    "POST /api/{channel}/{uid}/reschedule": {"schedule_at": "2027-02-01T00:00:00Z"},
    "POST /api/batches/{uid}/switch-gateway": {"gateway_identifier": "default_gateway"},
    "PATCH /api/gateways/{gateway_id}": {"priority": 5},
    "POST /api/gateways/{gateway_id}/test": {"to": "+14155550123"},
    "PUT /api/gateways/{gateway_id}/warm-up": {"ladder": "sim"},
    "PUT /api/domains/{domain}/warm-up": {"ladder": "email"},
    "PATCH /api/callbacks/{callback}": {"enabled": False},
    **{f"POST /api/templates/{{template}}/test/{channel}": {"to": ["x"]} for channel in ("email", "sms", "whatsapp")},
    "PATCH /api/purposes/{purpose}": {"name": "News"},
    "PATCH /api/segments/{segment}": {"name": "VIPs"},
    "PATCH /api/campaigns/{campaign}": {"name": "Spring"},
    "POST /api/campaigns/{campaign}/switch-gateway": {"gateway_identifier": "default_gateway"},
    "PUT /api/automations/{automation}/draft": {"schema": "xsender.flow/1"},
    "POST /api/automations/{automation}/draft": {"version": "1"},
    "POST /api/automations/{automation}/runs": {"contact": str(uuid4())},
    "POST /api/runs/{run}/move": {"step": "one"},
    "PATCH /api/hooks/{hook}": {"testing": True},
    **{f"POST /api/hooks/{{hook}}/{what}": {"body": {"id": 1}} for what in ("try", "suggest")},
    "POST /api/runs/{run}/replay": {},
    "PATCH /api/lead-sources/{source}": {"tags": ["new"]},
    "PATCH /api/devices/{device}": {"name": "Till"},
    **{f"POST /api/devices/{{device}}/{what}": {} for what in ("pair", "revoke")},
    "PATCH /api/devices/{device}/sims/{sim}": {"per_day": 200},
    "PATCH /api/contacts/{contact}": {"first_name": "Ada"},
    "POST /api/contacts/{contact}/merge": {"from": str(uuid4())},
    "POST /api/contacts/{contact}/tags": {"add": ["new"]},
    "PATCH /api/groups/{group}": {"name": "News"},
    **{f"POST /api/groups/{{group}}/{what}": {"contacts": [str(uuid4())]} for what in ("add", "remove")},
    "PATCH /api/contact-fields/{field}": {"label": "Age"},
    "POST /api/callbacks/{callback}/rotate": {"overlap_hours": 0},
    "POST /api/callbacks/{callback}/replay": {"since": "2020-01-01T00:00:00Z"},
}
"""Bodies with which a user's routes come to look for the object in the path."""
ENDS_IT = ("DELETE", "cancel", "revoke")
"""What is done last to an object."""


MAKES_IT = (
    "PUT /api/templates/{template}",
    "PUT /api/contacts/by-external-id/{external_id}",
    "PUT /api/secrets/{secret}",
)
"""What it names by a key of the account's own is made if it is not there: nobody finds another's."""


def has_object(route: Route) -> bool:
    """Whether a route of a user names something that an account has."""
    own = route.path.replace("{channel}", "").replace("{starter}", "")  # which are the same for everybody
    return route.scopes is not None and "{" in own and route.name not in MAKES_IT


BY_NAME = {route.name: route for route in ALL}
ENDS_SESSIONS = [BY_NAME["DELETE /api/auth/sessions"], BY_NAME["POST /api/auth/logout"]]
WITH_OBJECTS = sorted(filter(has_object, GUARDED), key=lambda route: route.name.endswith(ENDS_IT[1:]))
WITH_OBJECTS.sort(key=lambda route: route.method == ENDS_IT[0])
ASK_ALL = (
    "without a key",
    "admin key",
    "key of a user with every scope",
    "session of a user",
    "session of a member of staff",
)
"""Callers who ask every route. The others ask a tenth of those that need the same, each caller another tenth."""


def asked_by(kind: str) -> list[Route]:
    """The routes that a kind of caller asks."""
    if kind in ASK_ALL:
        return GUARDED
    alike: dict[Hashable, list[Route]] = {}
    for route in GUARDED:
        alike.setdefault(needs(route), []).append(route)
    nth = list(CALLERS).index(kind)
    return [route for routes in alike.values() for route in routes[nth % min(len(routes), 10) :: 10]]


@dataclass(frozen=True)
class Answer:
    """What the walk looks at."""

    status: int
    text: str
    is_challenge: bool
    """Whether it says how to authenticate."""

    @property
    def refusal(self) -> int | None:
        """The status with which it refuses its caller; ``None``: it let it in."""
        return self.status if self.status in (401, 403) else None


async def ask(http: ClientSession, route: Route, headers: dict[str, str], ids: dict[str, str]) -> Answer:
    """A request to a route. Where it has no body of its own it is a list, which no route takes: nothing is changed."""
    path = route.path.replace("/batches/{uid}", "/batches/{batch}") if route.scopes else route.path
    for name, value in (UNKNOWN | ids).items():
        path = path.replace(name, value)
    body = BODIES.get(route.name) if has_object(route) else []
    more = {} if body is None or route.method == "GET" else {"json": body}
    async with http.request(route.method, path, headers=headers, allow_redirects=False, **more) as answer:
        text = (await answer.read()).decode(errors="replace")
    assert answer.status < 500, f"{route.name}: {text}"
    return Answer(answer.status, text, "WWW-Authenticate" in answer.headers)


async def ask_each(
    stack: Stack, headers: dict[str, str], routes: list[Route], ids: dict[str, str]
) -> dict[str, Answer]:
    """What routes answer to one caller."""
    last = [route for route in ENDS_SESSIONS if route in routes]
    others = [route for route in routes if route not in last]
    async with ClientSession(stack.url, connector=TCPConnector(limit=AT_ONCE)) as http:
        answers = await asyncio.gather(*(ask(http, route, headers, ids) for route in others))
        answers += [await ask(http, route, headers, ids) for route in last]
    return {route.name: answer for route, answer in zip(others + last, answers, strict=True)}


_found: dict[str, dict[str, str]] = {}


async def anothers_objects(stack: Stack) -> dict[str, str]:
    """Made once: nobody who is not their owner can change them."""
    if stack.url not in _found:
        _found[stack.url] = await objects_of(stack, await stack.user())
    return _found[stack.url]


def test_every_route_looks_at_keys_or_says_why_it_does_not():
    assert sorted(route.name for route in ALL if not (route.is_guarded or route.device)) == sorted(UNGUARDED)


def test_every_route_below_admin_names_a_permission():
    assert all((route.permission is not None) == (" /api/admin/" in route.name) for route in GUARDED)


def test_every_scope_and_every_permission_opens_a_route():
    declared = {scope for route in GUARDED if route.scopes for scope in route.scopes.scopes}
    assert declared == set(SCOPES)
    assert {route.permission for route in OF_STAFF} == set(PERMISSIONS) - {"messages:reveal"}  # one more, of some


async def test_the_permission_table_is_that_of_the_routes(stack: Stack):
    rows = await (await admin(stack)).data("GET", "/permissions")
    shown = sorted((f"{row['method']} {row['path']}", row["permission"]) for row in rows)
    assert shown == sorted((route.name, route.permission) for route in OF_STAFF)


@pytest.mark.parametrize("kind", list(CALLERS))
async def test_a_caller_is_let_in_where_it_should_be_and_finds_nothing_of_others(stack: Stack, kind: str):
    owner, others, routes = await admin(stack), await anothers_objects(stack), asked_by(kind)
    caller = await CALLERS[kind](stack, owner)
    if caller.install:
        await owner.data("PATCH", "/settings", caller.install)
    try:
        answers = await ask_each(stack, caller.headers, routes, others)
    finally:
        if caller.install:
            await owner.data("PATCH", "/settings", dict.fromkeys(caller.install))
    assert {name: answer.refusal for name, answer in answers.items()} == {
        route.name: caller.refusal(route) for route in routes
    }
    assert all(answer.is_challenge == (answer.status == 401) for answer in answers.values())
    looked = [route for route in WITH_OBJECTS if route in routes and answers[route.name].refusal is None]
    found = {route.name for route in looked if answers[route.name].status != 404}
    assert found == {route.name for route in looked if caller.finds_anothers(route)}


@pytest.mark.parametrize("by", ["a key", "a session"])
async def test_their_owner_finds_what_others_do_not(stack: Stack, by: str):
    """Otherwise the walk above would show nothing."""
    owner = await admin(stack)
    person = await user_who_logs_in(owner)
    await owner.data("POST", f"/users/{person.id}/credits", {"channel": "sms", "amount": 1000})
    made = await owner.data("POST", "/keys", {"user": person.id, "scopes": list(SCOPES)})
    user = User(person.id, made["key"])
    headers = user.headers if by == "a key" else (await person.begin()).headers
    ids = await objects_of(stack, user)
    async with ClientSession(stack.url) as http:
        answers = {route.name: await ask(http, route, headers, ids) for route in WITH_OBJECTS}
    assert {name: answer.text for name, answer in answers.items() if answer.status in (401, 403, 404)} == {}
