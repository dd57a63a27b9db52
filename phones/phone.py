"""An emulated phone that runs."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import uuid4

from phones.device import Device
from phones.doors.door import Door, Tray
from phones.doors.smsgate import PATH, SmsgateDoor
from phones.doors.xsender import XsenderDoor
from phones.faults import Dice, Faults
from phones.messages import Inbound, Message
from phones.network import Network, NoNetwork, Refused
from phones.profile import Connection, DoorName, Log, Profile
from phones.radio import Radio
from phones.reporter import Reporter
from phones.sender import Sender
from phones.storage.app_data import AppData
from phones.storage.journal import Journal
from phones.tasks import run_together
from phones.timings import Timings

_DOORS: dict[DoorName, Callable[[Device, Tray], Door]] = {"xsender": XsenderDoor, "smsgate": SmsgateDoor}
_PATHS: dict[DoorName, str] = {"xsender": "", "smsgate": PATH}


class Phone:
    """A phone with a folder of its own. A new one with the same folder is the same phone, started again.

    Args:
        folder: where its journal and session are.
        seed: of its chances; ``None``: other ones each time.
        said: file that gets each message that left it, as a JSON line. Phones may share it.
        log: gets what it does.
    """

    def __init__(
        self,
        profile: Profile,
        connection: Connection,
        folder: Path,
        *,
        timings: Timings | None = None,
        faults: Faults | None = None,
        seed: int | None = None,
        said: Path | None = None,
        log: Log = lambda event: None,
    ) -> None:
        self.profile = profile
        self.connection = connection
        """May be replaced between two runs: with another token the phone pairs again."""
        self.faults = faults or Faults()
        """May be changed at any time."""
        self.timings = timings or Timings()
        self._app_data = AppData(folder)
        self._dice = Dice(seed, profile.name)
        self._said = said
        self._log = log
        self._handset: _Handset | None = None
        self._kept: list[Inbound] = []
        """What the network keeps for it."""

    async def run(self) -> None:
        """Pair and work for ever. Cancelled, it ends as at a kill: it writes and reports nothing more.

        Raises:
            SessionEnded: the server refuses the phone; it needs another token or code.
            Refused: the server refuses to pair it for another reason.
            Crashed: the app crashed, as ordered.
        """
        url = self.connection.url.rstrip("/") + _PATHS[self.connection.door]
        async with Network(url, self.faults, self.timings, self._dice) as network:
            with closing(Journal(self._app_data.journal)) as journal:
                device = Device(
                    self.profile,
                    self.connection,
                    self._app_data,
                    journal,
                    network,
                    self.timings,
                    self.faults,
                    self._dice,
                    self._log,
                )
                self._handset = _Handset(device, Radio(self.profile, self.faults, self._dice, self._said))
                while self._kept:
                    self._handset.reporter.receive(self._kept.pop(0))
                try:
                    await self._handset.run()
                finally:
                    self._handset = None

    def receive(self, number: str, body: str, slot: int = 0) -> str:
        """Somebody sends it a message; while it does not run, the network keeps it. Returns the message's id."""
        inbound = Inbound(str(uuid4()), slot, number, body, self.faults.now())
        if self._handset is None:
            self._kept.append(inbound)
        else:
            self._handset.reporter.receive(inbound)
        return inbound.id

    def wipe(self) -> None:
        """Lose the app's data: journal and session. Only while it does not run."""
        assert self._handset is None, "the phone runs"
        self._app_data.wipe()


class _Handset:
    """The parts of a running phone, and what they do with what the server says (``Tray``)."""

    def __init__(self, device: Device, radio: Radio) -> None:
        self._device = device
        self._door = _DOORS[device.connection.door](device, self)
        self.reporter = Reporter(device, self._door)
        self._sender = Sender(device, radio, self.reporter.add)

    async def run(self) -> None:
        """Pair and work for ever."""
        await self._open()
        await run_together(self._door.receive(), self._sender.run(), self.reporter.run())

    async def _open(self) -> None:
        failures = 0
        while True:
            try:
                await self._door.open()
            except (NoNetwork, Refused) as error:
                if isinstance(error, Refused) and not error.is_passing:
                    raise
                failures += 1
                self._device.say("opening failed", error=str(error))
                await asyncio.sleep(self._device.timings.backoff(failures))
            else:
                return

    def offer(self, message: Message) -> None:
        """As ``Tray`` has it."""
        known = self._device.journal.entries.get(message.key)
        if known is not None:
            self.reporter.add(known)
            return
        self._device.say("taken", uid=message.uid, attempt=message.attempt, slot=message.slot)
        self._sender.take(message)

    def take_back(self, message: Message) -> None:
        """As ``Tray`` has it."""
        self.offer(message)
        self._sender.cancel(self._device.journal.entries[message.key])

    def cancel(self, uid: str) -> None:
        """As ``Tray`` has it."""
        for entry in self._device.journal.entries.values():
            if entry.message.uid == uid:
                self._sender.cancel(entry)
