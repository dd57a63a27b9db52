"""A phone's radio: what really leaves it."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

from phones.faults import LIMIT_EXCEEDED, CarrierCounter, Dice, Faults
from phones.messages import Message
from phones.profile import Profile


@dataclass(frozen=True, slots=True)
class Transmission:
    """What became of a message at the radio."""

    code: str | None = None
    """Android's code of the fault; ``None``: all parts left."""
    part: int | None = None
    """Which part failed, from 1; the ones before it left."""


class Radio:
    """Sends, or fails as ordered. Writes each message that left as one line to a file."""

    def __init__(self, profile: Profile, faults: Faults, dice: Dice, said: Path | None) -> None:
        self._cards = {card.slot: card for card in profile.cards}
        self._faults = faults
        self._dice = dice
        self._said = said
        self._carrier = CarrierCounter()

    def transmit(self, message: Message) -> Transmission:
        """Send a message now. Its answer comes later, but it has left when this returns."""
        code = self._fault(message)
        if code is None:
            self._say(message, message.parts)
            return Transmission()
        part = 1 if message.parts == 1 else self._dice.of("part").randint(1, message.parts)
        if part > 1:
            self._say(message, part - 1)
        return Transmission(code, part)

    def _fault(self, message: Message) -> str | None:
        if message.slot not in self._cards:
            return "RESULT_SIM_ABSENT"
        for code, chance in (self._faults.fail | self._faults.fail_slot.get(message.slot, {})).items():
            if self._dice.hits(f"radio {message.slot} {code}", chance):
                return code
        takes = self._carrier.takes(message.slot, self._faults.carrier_limit, time.monotonic())
        return None if takes else LIMIT_EXCEEDED

    def _say(self, message: Message, parts: int) -> None:
        if self._said is None:
            return
        line = {
            "uid": message.uid,
            "attempt": message.attempt,
            "sim": self._cards[message.slot].number,
            "number": message.number,
            "body": message.body,
            "parts": parts,
            "at": self._faults.now().isoformat(),
        }
        with self._said.open("ab", buffering=0) as file:  # one write, so that phones can share the file
            file.write(json.dumps(line).encode() + b"\n")
