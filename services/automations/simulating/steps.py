"""Takes steps in a simulation: as ever, but for those that would reach somebody outside."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.audience.conditions.evaluating import Trace
from domain.automations.definition.steps import Branch, Call, Notify, Split, Step
from domain.automations.splits import arm_of
from domain.errors import InvalidError
from services.automations.calls.answers import HIDDEN, judge, kept
from services.automations.calls.making import request_of
from services.automations.outcomes import Done, Outcome
from services.automations.steps.taking import take
from services.automations.steps.turn import Turn

ANSWERED = "call.answered"
"""The event that gives an answer to a step that calls."""
_SECRET = re.compile("auth|cookie|key|pass|secret|signature|token", re.IGNORECASE)
"""In names of headers whose values are nobody's to see."""


@dataclass(frozen=True, slots=True)
class SimulatedSteps:
    """What takes the steps of one simulation."""

    chance: str | None
    """Stands for the contact where chance decides: who is made anew each time would fall into another arm."""
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By the step that calls: what is answered."""

    async def take(self, step: Step, turn: Turn) -> Outcome:
        """Take a step.

        Raises:
            StepFailed: it cannot be taken.
        """
        match step:
            case Call():
                return self._call(step, turn)
            case Notify():
                return Done({"result": "not_made", "notify": _notify(step, turn)})
            case Split():
                contact = self.chance or str(turn.run.contact_id)
                return Done(arm=arm_of(step, turn.flow.key, contact, self.chance or str(turn.run.id)))
            case Branch():
                asked = [
                    {"name": arm.name or f"arms/{n}", "why": leaves_of(await turn.judge(arm.when))}
                    for n, arm in enumerate(step.arms)
                ]
                found = await take(step, turn)
                return Done({**found.outcome, "asked": asked}, found.arm) if isinstance(found, Done) else found
        return await take(step, turn)

    def _call(self, step: Call, turn: Turn) -> Outcome:
        """The request as it would be made, and what is done with the answer that is given, if one is."""
        _, request = request_of(step, turn)
        shown = {"method": request["method"], "url": request["url"], "headers": _headers(request["headers"])}
        shown |= {"body": request["body"]} if request["body"] else {}
        row = self.answers.get(step.id)
        if row is None:
            return Done({"result": "not_made", "call": shown})
        saved = judge(step, row)
        return Done({"result": "not_made", "status": row["status"], "call": shown}, vars=saved, answer=kept(row))


def chance_of(contact: Any) -> str:
    """What stands for a new contact: the same for the same values."""
    return hashlib.sha256(repr(contact).encode()).hexdigest()


def leaves_of(trace: Trace) -> list[dict[str, Any]]:
    """The questions of a condition, each with what it met."""
    if trace.parts:
        return [leaf for part in trace.parts for leaf in leaves_of(part)]
    return [{"asked": trace.asked, "is": trace.result, "why": trace.why}]


def answer_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as it is given: its status, and its body, which is JSON.

    Raises:
        InvalidError: it is none.
    """
    status = data.get("status", 200)
    if type(status) is not int or not 100 <= status <= 599 or data.keys() - {"status", "body"}:
        message = f'the data of {ANSWERED} is a status of 100 to 599, and a body: {{"status": 200, "body": {{}}}}'
        raise InvalidError("call_answer", message, "/events")
    return {"status": status, "may_change": status >= 500 or status == 429, "after": None} | (
        {"json": data["body"]} if "body" in data else {"text": ""}
    )


def _headers(given: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: HIDDEN if isinstance(value, Mapping) or _SECRET.search(name) else value for name, value in given.items()
    }


def _notify(step: Notify, turn: Turn) -> dict[str, Any]:
    to = {name: value for name in ("role", "staff", "email", "callback") if (value := getattr(step.to, name))}
    return {"to": to, "message": turn.fill(step.message)}
