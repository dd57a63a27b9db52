"""A caller who makes objects and does things to them, in any order, as the OpenAPI document says that one can; after
each step a stranger tries the same.
"""

import asyncio
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from hypothesis.strategies import DataObject, data, integers, sampled_from
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation, BaseSchema
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
OTHER_THREADS = "ignore:Do not use the `random` module"
"""A warning of hypothesis: the install, in another thread, spreads its pauses by chance."""
MOST_TIMES = 5
Ids = Mapping[str, str]
"""What stands in the places of paths, for one object."""
Maker = Callable[[Any], Coroutine[Any, Any, Ids]]


@dataclass
class Caller:
    """Somebody who makes objects of these kinds, in this process's install."""

    headers: dict[str, str]
    makers: dict[str, Maker]
    """By kind; each is given what ``begin`` has made."""
    begun: Any = None


@dataclass
class World:
    """What the machine plays in, and what it has seen."""

    url: str
    loop: asyncio.AbstractEventLoop
    begin: Callable[[], Coroutine[Any, Any, Caller]]
    """Makes a caller without any object, for each round."""
    stranger: dict[str, str]
    """Headers of somebody who may see nothing of that."""
    refusals: frozenset[int]
    """Statuses with which a stranger is refused."""
    wanted: Callable[[APIOperation[Any, Any, Any, Any]], bool]
    """Which operations are played."""
    kind_of: Callable[[str], str]
    """By path, of what kind the object is that it names."""
    still_there: frozenset[str] = frozenset()
    """Paths of objects that can be read after they were deleted."""
    tried: set[str] = field(default_factory=set)
    succeeded: set[str] = field(default_factory=set)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Its result: the machine runs in a thread of its own."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)


def places(path: str) -> list[str]:
    return re.findall(r"{(\w+)}", path)


def play(world: World, rounds: int, steps: int) -> set[str]:
    """Play, again if an operation did not come up; returns the operations that there are. To be called in a thread."""
    schema = schemathesis.openapi.from_url(f"{world.url}/openapi.json")
    operations = _operations(schema, world)
    session = requests.Session()

    class Machine(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.caller: Caller = world.run(world.begin())
            self.objects: dict[str, list[Ids]] = {}

        @rule(draw=data())
        def do(self, draw: DataObject) -> None:
            operation = operations[draw.draw(sampled_from(sorted(operations)))]
            ids = self._some_object(draw, world.kind_of(operation.path))
            own = {name: ids[name] for name in places(operation.path)}
            case = draw.draw(operation.as_strategy(path_parameters=own))
            label = f"{operation.method.upper()} {operation.path}"
            world.tried.add(label)
            foreign = case.call(base_url=world.url, session=session, headers=world.stranger)
            assert foreign.status_code in world.refusals, (
                f"{label}: a stranger got {foreign.status_code} {foreign.text}"
            )
            answer = case.call(base_url=world.url, session=session, headers=self.caller.headers)
            try:
                case.validate_response(answer, checks=CHECKS, headers=self.caller.headers)
            except FailureGroup as failures:
                raise AssertionError(
                    f"{label}: {answer.status_code} {answer.text[:400]}\n{failures.exceptions}"
                ) from None
            if answer.status_code < 300:
                world.succeeded.add(label)
                if operation.method.upper() == "DELETE" and "dry_run" not in answer.text:
                    after = self._read(operation.path, own)
                    gone = operation.path not in world.still_there
                    assert after is None or (after == 404) == gone, f"{label}: then it was read: {after}"

        def _some_object(self, draw: DataObject, kind: str) -> Ids:
            """A new one, or one to which something was done before, which may be gone."""
            known = self.objects.setdefault(kind, [])
            place = draw.draw(integers(0, len(known)))
            if place == len(known):
                known.append(world.run(self.caller.makers[kind](self.caller.begun)))
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
            answer = session.get(world.url + where, headers=self.caller.headers)
            return answer.status_code

    plan = settings(
        max_examples=rounds,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    for times in range(MOST_TIMES):
        run_state_machine_as_test(seed(times)(Machine), settings=plan)
        if world.tried == set(operations):
            break
    return set(operations)


def _operations(schema: BaseSchema, world: World) -> dict[str, APIOperation[Any, Any, Any, Any]]:
    found = (each.ok() for each in schema.get_all_operations() if hasattr(each, "ok"))
    return {f"{one.method.upper()} {one.path}": one for one in found if places(one.path) and world.wanted(one)}
