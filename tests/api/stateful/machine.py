"""A caller who makes objects and does things to them, in any order, as the OpenAPI document says that one can; before
each step a stranger tries the same.

It is a program of its own, as hypothesis changes the interpreter's limits while it plays. Lines of JSON on standard
output ask for objects, and are answered on standard input (``playing.py``); what went wrong is on standard error.
"""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from hypothesis.strategies import DataObject, data, integers, sampled_from
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MOST_TIMES = 5
PATIENCE = 60.0
"""Seconds that an answer may take, on a machine that does much else."""
Ids = Mapping[str, str]
"""What stands in the places of paths, for one object."""


@dataclass(frozen=True)
class Game:
    """What is played."""

    url: str
    under: list[str]
    """How the paths of its operations begin."""
    but: list[str]
    """How others begin, which are left out."""
    kind_at: int
    """In which part of a path the kind of its object is."""
    kinds: dict[str, str]
    """What else such a part may be, and the kind that it means."""
    stranger: dict[str, str]
    """Headers of somebody who may see nothing."""
    refusals: list[int]
    """Statuses with which a stranger is refused."""
    still_there: list[str]
    """Paths whose object can be read after ``DELETE``."""
    rounds: int
    steps: int

    def kind_of(self, path: str) -> str:
        part = path.split("/")[self.kind_at]
        return self.kinds.get(part, part)

    def has(self, path: str) -> bool:
        return bool(places(path)) and path.startswith(tuple(self.under)) and not path.startswith(tuple(self.but))


def places(path: str) -> list[str]:
    return re.findall(r"{(\w+)}", path)


def ask(question: dict[str, Any]) -> Any:
    """What the tests answer."""
    print(json.dumps(question), file=sys.__stdout__, flush=True)
    return json.loads(sys.stdin.readline())


def play(game: Game) -> dict[str, list[str]]:
    """Play, again if an operation did not come up. Returns the operations that there are, were tried, and succeeded."""
    schema = schemathesis.openapi.from_url(f"{game.url}/openapi.json", timeout=PATIENCE)
    found = (each.ok() for each in schema.get_all_operations())
    operations: dict[str, APIOperation[Any, Any, Any, Any]] = {
        f"{one.method.upper()} {one.path}": one for one in found if game.has(one.path)
    }
    tried: set[str] = set()
    succeeded: set[str] = set()
    session = requests.Session()

    class Machine(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.headers: dict[str, str] = ask({"begin": True})
            self.objects: dict[str, list[Ids]] = {}

        @rule(draw=data())
        def do(self, draw: DataObject) -> None:
            operation = operations[draw.draw(sampled_from(sorted(operations)))]
            ids = self._some_object(draw, game.kind_of(operation.path))
            own = {name: ids[name] for name in places(operation.path)}
            case = draw.draw(operation.as_strategy(path_parameters=own))
            label = f"{operation.method.upper()} {operation.path}"
            tried.add(label)
            foreign = case.call(base_url=game.url, session=session, headers=game.stranger, timeout=PATIENCE)
            assert foreign.status_code in game.refusals, f"{label}: a stranger got {foreign.status_code} {foreign.text}"
            answer = case.call(base_url=game.url, session=session, headers=self.headers, timeout=PATIENCE)
            try:
                case.validate_response(answer, checks=CHECKS, headers=self.headers)
            except FailureGroup as failures:
                raise AssertionError(
                    f"{label}: {answer.status_code} {answer.text[:400]}\n{failures.exceptions}"
                ) from None
            if answer.status_code < 300:
                succeeded.add(label)
                if operation.method.upper() == "DELETE" and "dry_run" not in answer.text:
                    after = self._read(operation.path, own)
                    gone = operation.path not in game.still_there
                    assert after is None or (after == 404) == gone, f"{label}: then it was read: {after}"

        def _some_object(self, draw: DataObject, kind: str) -> Ids:
            """A new one, or one to which something was done before, which may be gone."""
            known = self.objects.setdefault(kind, [])
            place = draw.draw(integers(0, len(known)))
            if place == len(known):
                known.append(ask({"make": kind}))
            return known[place]

        def _read(self, path: str, own: Ids) -> int | None:
            """The status with which the object is read; ``None``: there is no route to read it."""
            parts = path.split("/")
            while parts and not (parts[-1].startswith("{") and f"GET {'/'.join(parts)}" in operations):
                parts.pop()
            if not parts:
                return None
            where = "/".join(parts)
            for name in places(where):
                where = where.replace("{" + name + "}", own[name])
            answer = session.get(game.url + where, headers=self.headers, timeout=PATIENCE)
            return answer.status_code

    plan = settings(
        max_examples=game.rounds,
        stateful_step_count=game.steps,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    for times in range(MOST_TIMES):
        run_state_machine_as_test(seed(times)(Machine), settings=plan)
        if tried == set(operations):
            break
    return {"operations": sorted(operations), "tried": sorted(tried), "succeeded": sorted(succeeded)}


if __name__ == "__main__":
    sys.stdout = sys.stderr
    ask({"ended": play(Game(**json.loads(sys.stdin.readline())))})
