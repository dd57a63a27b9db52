"""What came of a request, as it is stored: without secrets, and only as much as is of use."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from domain.automations.definition.steps import Call
from domain.text.json_faults import UNSTORABLE
from domain.text.strict_json import StrictJsonError, loads
from gateways.outgoing_call import MOST_ANSWER, Answered, Unanswered
from services.automations.outcomes import StepFailed

MOST_KEPT = 16 * 1024
"""Bytes of an answer that later steps can ask for; of all answers of a run twice as many."""
HIDDEN = "•••"

_WORDS = 300
"""Characters of a server's own words that are told."""
_LEAST = 6
"""Characters of a part of a secret that is looked for in answers."""
_INDEX = re.compile("0|[1-9][0-9]{0,5}")


def stored(found: Answered | Unanswered, secrets: Iterable[str]) -> dict[str, Any]:
    """An answer as a row has it. What a server echoes of the secrets is left out."""
    if isinstance(found, Unanswered):
        message = _without(found.message, secrets)
        return {"code": found.code, "message": message, "may_change": found.may_change}
    text = _without(UNSTORABLE.sub("", found.body.decode(errors="replace")), secrets)
    row: dict[str, Any] = {"status": found.status, "may_change": found.may_change, "after": found.after}
    if found.is_cut:
        return row | {"is_cut": True, "text": text[:_WORDS]}
    try:
        return row | {"json": loads(text.encode())}
    except StrictJsonError:
        return row | {"text": text}


def _without(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        parts = {secret, *(part for part in secret.split() if len(part) >= _LEAST)}
        for part in sorted(parts, key=len, reverse=True):
            for spelling in {part, orjson.dumps(part).decode()[1:-1]}:
                text = text.replace(spelling, HIDDEN)
    return text


def judge(step: Call, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """What ``vars`` gets of a good answer.

    Raises:
        StepFailed: there was none, or it was not as the step wants it.
    """
    if "code" in row:
        raise StepFailed(row["code"], row["message"], may_change=row["may_change"])
    status = row["status"]
    is_good = status in step.expect.status if step.expect.status else 200 <= status < 300
    if not is_good:
        words = row.get("text") or (orjson.dumps(row["json"]).decode() if "json" in row else "")
        told = " ".join(words[:_WORDS].split())
        message = f"answered {status}: {told}" if told else f"answered {status}"
        raise StepFailed("call_status", message, may_change=row["may_change"], after=row["after"], answer=kept(row))
    return {name: _saved(place, row) for name, place in step.save.items()}


def _saved(place: str, row: Mapping[str, Any]) -> Any:
    if row.get("is_cut"):
        raise StepFailed("call_answer", f"the answer is larger than {MOST_ANSWER // 1024} kB: nothing of it is saved")
    if "json" not in row:
        raise StepFailed(
            "call_answer", "the answer is no JSON that can be stored: nothing of it is saved", answer=kept(row)
        )
    value = row["json"]
    for key in (part.replace("~1", "/").replace("~0", "~") for part in place.split("/")[1:]):
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, list) and _INDEX.fullmatch(key) and int(key) < len(value):
            value = value[int(key)]
        else:
            raise StepFailed("call_answer", f"the answer has nothing at {place!r}", answer=kept(row))
    return value


def kept(row: Mapping[str, Any]) -> dict[str, Any]:
    """What texts and conditions call ``steps.<id>``. A large body is left out."""
    body = row.get("json") if "json" in row else row.get("text")
    if row.get("is_cut") or len(orjson.dumps(body)) > MOST_KEPT:
        return {"status": row["status"], "body": None}
    return {"status": row["status"], "body": body}


def with_answer(answers: Mapping[str, Any], step: str, answer: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """All answers of a run with another one, without its body if they became too large."""
    if answer is None:
        return answers
    found = {**answers, step: answer}
    return found if len(orjson.dumps(found)) <= 2 * MOST_KEPT else {**answers, step: {**answer, "body": None}}
