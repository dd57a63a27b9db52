"""One failure with its story: a message, a run of an automation, or a lead."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from domain.errors import NotFoundError
from services.failures.kinds import kind_of
from store.automations import automations, runs
from store.leads import leads, sources
from store.messages.messages import find_any
from store.pool import Connections, Pool

_HIDDEN = ("sealed", "notice")
"""Of leads: what people answered, and what the provider posted."""


async def show(store: Pool, id_: UUID) -> dict[str, Any]:
    """A message with its attempts, a run with its steps, or a lead with why it is in its state.

    Raises:
        NotFoundError: nothing has this id.
    """
    kind = await kind_of(store, id_, None)
    if kind == "run":
        return {"kind": kind} | await _run(store, id_)
    if kind == "lead":
        return {"kind": kind} | await _lead(store, id_)
    found = await find_any(store, id_)
    if found is None:
        raise NotFoundError("message_not_found", f"There is no message, run or lead {id_}.")
    return {"kind": kind} | asdict(found)


async def _run(store: Connections, id_: UUID) -> dict[str, Any]:
    run = await runs.get(store, id_)
    assert run is not None, "its kind was found by it"
    automation = await automations.of_id(store, run.automation_id)
    assert automation is not None, "runs go with their automation"
    steps = [asdict(step) for step in await runs.steps(store, id_)]
    return {"automation": automation.key} | asdict(run) | {"steps": steps}


async def _lead(store: Connections, id_: UUID) -> dict[str, Any]:
    lead = await leads.of_id(store, id_)
    assert lead is not None, "its kind was found by it"
    source = await sources.of_id(store, lead.source_id)
    assert source is not None, "leads go with their source"
    shown = {name: value for name, value in asdict(lead).items() if name not in _HIDDEN}
    return {"lead_source": source.key} | shown
