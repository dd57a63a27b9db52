"""Testing an automation: what it would do with somebody. Nothing is sent, called or changed."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from starlette.responses import Response

from panel.automations import words
from panel.automations.editing import definition_of
from panel.automations.testing.course import length, moments, taken_of
from panel.automations.testing.examples import KINDS, Example, Offer, example_of, offers
from panel.automations.tree import all_steps, arms_of
from panel.http.client import Refused
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.values import local_time
from panel.http.view import View
from panel.rendering.formats import Formats

pages = Pages("automations", in_account=True)

_SOMEBODY = {"first_name": "Ada", "email": "ada@sandbox.example", "phone": "+14155550100"}
_LINES = ("at", "event", "of", "data")
_MOST_LINES = 20
_SENDING = ("send", "call")
"""Kinds of steps that events are about."""


@pages.get("/automations/{key}/test")
async def blank(view: View) -> Response:
    """With somebody made up, or with an example: ``?from=run:<id>``."""
    automation, definition, found = await _known(view)
    example = None
    if wanted := view.query("from"):
        offer = next((one for one in found if one.key == wanted), None)
        example = await example_of(view, offer) if offer else None
    view.form = Form(values=_values(example or Example(_SOMEBODY, {})))
    result = await _simulated(view) if example else None
    return _shown(view, automation, definition, found, result)


@pages.post("/automations/{key}/test")
async def test(view: View) -> Response:
    """Simulate it."""
    automation, definition, found = await _known(view)
    return _shown(view, automation, definition, found, await _simulated(view))


async def _known(view: View) -> tuple[dict[str, Any], dict[str, Any], list[Offer]]:
    """The automation, what of it is tested, and examples."""
    key = view.request.path_params["key"]
    automation, definition = await definition_of(view, key, view.form.text("version"))
    return automation, definition, await offers(view, key, definition)


async def _simulated(view: View) -> dict[str, Any] | None:
    """What came of it; ``None``: the form says why it could not be done."""
    try:
        asked = {"automation": view.request.path_params["key"]} | _case(view.form)
        return dict((await view.api.send("POST", "/api/automations/simulate", asked))["data"])
    except Refused as refused:
        view.form.refused = refused
        return None


def _case(form: Form) -> dict[str, Any]:
    """As the API takes it. What is no JSON goes there as a text, which it refuses at its place."""
    contact = form.raw("contact").strip()
    case: dict[str, Any] = {"contact": _read(contact) if contact.startswith("{") else contact}
    case["event"] = _read(form.raw("event") or "{}")
    case["events"] = list(_events(form))
    version = form.text("version")
    return (
        case
        | ({"at": at} if (at := local_time(form, "at")) else {})
        | ({"version": int(version) if version.isdigit() else version} if version else {})
    )


def _events(form: Form) -> Iterator[dict[str, Any]]:
    for index in range(_MOST_LINES):
        line = {name: form.text(f"then.{index}.{name}") for name in _LINES}
        if line["event"]:
            given: dict[str, Any] = {name: line[name] for name in ("event", "of") if line[name]}
            yield given | {"at": line["at"] or "+1h"} | ({"data": _read(line["data"])} if line["data"] else {})


def _read(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _values(example: Example) -> dict[str, Any]:
    """An example as the form has it."""
    contact = example.contact
    values = {"contact": contact if isinstance(contact, str) else _pretty(contact), "event": _pretty(example.event)}
    if example.at:
        values["at"] = example.at[: len("2026-01-01T00:00")]
    for index, event in enumerate(example.events):
        data = orjson.dumps(event["data"]).decode() if event.get("data") else ""
        line = {"at": event["at"], "event": event["event"], "of": event.get("of", ""), "data": data}
        values |= {f"then.{index}.{name}": value for name, value in line.items()}
    return values


def _pretty(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _shown(
    view: View,
    automation: dict[str, Any],
    definition: dict[str, Any],
    found: list[Offer],
    result: dict[str, Any] | None,
) -> Response:
    refused = view.form.refused
    lines = sum(1 for index in range(_MOST_LINES) if view.form.text(f"then.{index}.event"))
    sending = [step["id"] for step in all_steps(definition) if step["kind"] in _SENDING]
    values = {
        "automation": automation,
        "definition": definition,
        "offers": found,
        "offer_kinds": KINDS,
        "lines": min(lines + 1, _MOST_LINES),
        "sending": sending,
        "awaited": sorted(set(_awaited(definition))),
        "words": words,
        "arms_of": arms_of,
        "named": {step["id"]: step for step in all_steps(definition)},
        "result": result,
        "wrong": {name: _wrong(refused, name) for name in ("contact", "event", "events", "at")},
    }
    if result is not None:
        clock = Formats(view.taste.language, ZoneInfo(result["time_zone"]))
        ended, began = (datetime.fromisoformat(result[name]) for name in ("ended_at", "began_at"))
        values |= {"took": length(ended - began)}
        values |= {"taken": taken_of(result), "moments": list(moments(result)), "local": clock}
    return view.page("automations/test.html", refused.status if refused else 200, **values)


def _awaited(definition: dict[str, Any]) -> Iterator[str]:
    """Events that the automation listens for."""
    for one in (*all_steps(definition), *definition.get("exit", []), definition.get("goal") or {}):
        for event in (one.get("event"), *(each.get("event") for each in one.get("any", []))):
            if event:
                yield event


def _wrong(refused: Refused | None, name: str) -> str:
    """What is wrong with a member of the case, or with something in it."""
    if refused is None:
        return ""
    errors = (one["message"] for one in refused.errors if one["pointer"].startswith(f"/{name}") and _is_of(one, name))
    return "; ".join(errors)


def _is_of(error: Mapping[str, str], name: str) -> bool:
    """``/events/0`` is not of ``event``."""
    return name != "event" or not error["pointer"].startswith("/events")
