"""Orders of faults, as the command line writes them. All raise ``InvalidError`` for a text that is none."""

import asyncio
import csv
import re
from dataclasses import dataclass
from pathlib import Path

from domain.errors import InvalidError
from phones.faults import CarrierLimit, CrashPoint, Faults

_FAIL = re.compile(r"(?:([0-7]):)?([A-Z][A-Z_]{2,60})=([0-9.]{1,10})")
_LIMIT = re.compile(r"([0-9]{1,6})/([0-9.]{1,10})")
_OFFLINE = re.compile(r"([0-9.]{1,10}):([0-9.]{1,10})")


@dataclass(frozen=True, slots=True)
class Failure:
    """Messages that fail."""

    code: str
    chance: float
    slot: int | None
    """Of this SIM; ``None``: of all."""


@dataclass(frozen=True, slots=True)
class Offline:
    """A time without network, in seconds."""

    after: float
    seconds: float


def read_failure(text: str) -> Failure:
    """``RESULT_ERROR_NO_SERVICE=0.1``, or of one SIM: ``0:RESULT_ERROR_NO_SERVICE=0.1``."""
    found = _FAIL.fullmatch(text)
    if not found:
        raise _invalid(text, "RESULT_ERROR_NO_SERVICE=0.1, or 0:RESULT_ERROR_NO_SERVICE=0.1 for the first SIM")
    return Failure(found[2], _chance(found[3]), int(found[1]) if found[1] else None)


def read_crash(text: str) -> CrashPoint | float:
    """``before-radio`` or ``after-radio``: at the next message; or the probability for each message."""
    match text:
        case "before-radio" | "after-radio":
            return text
        case _:
            return _chance(text)


def read_carrier_limit(text: str) -> CarrierLimit:
    """``30/1800``: so many messages of each SIM in so many seconds."""
    found = _LIMIT.fullmatch(text)
    if not found:
        raise _invalid(text, "30/1800: messages of a SIM, and seconds")
    return CarrierLimit(int(found[1]), _number(found[2]))


def read_offline(text: str) -> Offline:
    """``10:30``: after ten seconds, for thirty."""
    found = _OFFLINE.fullmatch(text)
    if not found:
        raise _invalid(text, "10:30: seconds until then, and for how long")
    return Offline(_number(found[1]), _number(found[2]))


def read_inbound(text: str) -> tuple[str, str]:
    """``+14155550100:Hello``: the sender's number, and the text."""
    number, colon, body = text.partition(":")
    if not colon or not number:
        raise _invalid(text, "+14155550100:Hello")
    return number, body


def give_orders(faults: Faults, failures: list[Failure], crash: CrashPoint | float | None) -> None:
    """Order failures, and a crash."""
    for failure in failures:
        codes = faults.fail if failure.slot is None else faults.fail_slot.setdefault(failure.slot, {})
        codes[failure.code] = failure.chance
    if isinstance(crash, float):
        faults.crash_chance = crash
    else:
        faults.crash = crash


async def go_offline(faults: Faults, offline: Offline) -> None:
    """Lose the network for a while."""
    await asyncio.sleep(offline.after)
    faults.is_offline = True
    await asyncio.sleep(offline.seconds)
    faults.is_offline = False


def read_tokens(path: Path) -> list[str]:
    """Tokens or codes of a CSV file: its column ``token``, or the first one of a file without such a column."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file) if row]
    if rows and "token" in rows[0]:
        column = rows[0].index("token")
        return [row[column] for row in rows[1:]]
    return [row[0] for row in rows]


def _chance(text: str) -> float:
    value = _number(text)
    if not 0.0 <= value <= 1.0:
        raise _invalid(text, "0.1: a probability from 0 to 1")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _invalid(text, "0.5: a number") from None


def _invalid(text: str, example: str) -> InvalidError:
    return InvalidError("phone_order", f"'{text}' is not as in {example}.")
