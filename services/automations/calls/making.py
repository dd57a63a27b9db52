"""Steps that call a URL: the request is a row, made beside the run by ``sending``, and the step takes its answer."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

import orjson

from domain.automations.definition.steps import Call, Secret
from services.automations.calls.answers import judge, kept
from services.automations.calls.urls import checked
from services.automations.outcomes import Done, Outcome, StepFailed, Waits
from services.automations.steps.turn import Turn
from store.automations.calls import New

MOST_BODY = 64 * 1024

_SOON, _SELDOM = timedelta(seconds=5), timedelta(minutes=2)
"""Between two looks for an answer, should nobody wake the run for it."""


async def call(step: Call, turn: Turn) -> Outcome:
    """Have a URL be called, and wait for the answer."""
    run = turn.run
    is_made, row = await turn.round.calls.find(run, turn.number)
    if not is_made:
        host, request = request_of(step, turn)
        turn.round.calls.put(New(run.id, turn.number, run.account_id, host, request))
        return Waits(turn.now + step.timeout + _SOON)
    if row is None:
        waited = turn.now - (run.since or turn.now)
        return Waits(turn.now + min(max(waited, _SOON), _SELDOM))
    found = judge(step, row)
    turn.round.calls.take(run, turn.number)
    return Done({"result": "called", "status": row["status"]}, vars=found, answer=kept(row))


def call_id(run_id: UUID, step_id: str) -> str:
    """What whoever is called can tell a request by that comes twice: the same for each try of a step of a run."""
    return str(uuid5(run_id, f"call {step_id}"))


def request_of(step: Call, turn: Turn) -> tuple[str, dict[str, Any]]:
    """The site that is called, and the request, in which secrets are names.

    Raises:
        StepFailed: none can be made.
    """
    url = turn.fill(step.url)
    site = checked(url, step.url)
    headers: dict[str, Any] = {
        name: {"secret": value.secret} if isinstance(value, Secret) else turn.fill(value)
        for name, value in step.headers.items()
    }
    body = turn.fill_all(step.body)
    if isinstance(body, str) or body is None:
        text = body or ""
        usual = {"Content-Type": "text/plain; charset=utf-8"} if body else {}
    else:
        text, usual = orjson.dumps(body).decode(), {"Content-Type": "application/json"}
    if len(text.encode()) > MOST_BODY:
        raise StepFailed("call_body", f"the body has more than {MOST_BODY // 1024} kB")
    return site.name, {
        "id": call_id(turn.run.id, step.id),
        "method": step.method,
        "url": url,
        "host": site.host,
        "headers": _with(usual, headers),
        "body": text,
        "seconds": step.timeout.total_seconds(),
        "sign": step.sign,
    }


def _with(usual: Mapping[str, str], given: Mapping[str, Any]) -> dict[str, Any]:
    names = {name.lower() for name in given}
    return {name: value for name, value in usual.items() if name.lower() not in names} | dict(given)
