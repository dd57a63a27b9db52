"""``xsender phone``: emulated Android phones, for tests and demonstrations."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from domain.errors import InvalidError
from domain.text.printable import visible

if TYPE_CHECKING:
    from phones.faults import Faults
    from phones.phone import Phone
    from phones.profile import Connection, DoorName, Event

_CRASHED = 70
"""Exit code of a process whose phone crashed as ordered."""
_CODE = 6
"""Characters of a code of the open-source app; pairing tokens are longer."""


def _order(name: str) -> Any:
    """A reader of ``phones.orders``, imported when it is needed."""

    def read(text: str) -> Any:
        from phones import orders

        return getattr(orders, name)(text)

    return read


def phone(
    url: Annotated[str, typer.Option("--url", help="The server's address.")] = "http://127.0.0.1:8000",
    token: Annotated[
        str | None, typer.Option("--token", help="Pairing token; not needed again with the same --state-dir.")
    ] = None,
    code: Annotated[str | None, typer.Option("--code", help="Code of six characters, for --door smsgate.")] = None,
    door: Annotated[
        Literal["xsender", "smsgate"],
        typer.Option("--door", help="smsgate: speak as the app 'SMS Gateway for Android' does."),
    ] = "xsender",
    sims: Annotated[int, typer.Option("--sims", min=1, max=3, help="How many SIM cards.")] = 2,
    state_dir: Annotated[
        Path | None, typer.Option("--state-dir", help="Keeps journal and session; a temporary one if left out.")
    ] = None,
    fleet: Annotated[int, typer.Option("--fleet", min=1, max=1000, help="How many phones.")] = 1,
    tokens: Annotated[
        Path | None,
        typer.Option("--tokens", exists=True, dir_okay=False, help="CSV: a token or code for each phone of a fleet."),
    ] = None,
    say: Annotated[
        Path | None, typer.Option("--say", help="Append each message that leaves a radio, as a JSON line.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Have the same chances each time.")] = None,
    wipe: Annotated[bool, typer.Option("--wipe", help="Lose the app's data first: journal and session.")] = False,
    lose_network: Annotated[
        float, typer.Option("--lose-network", min=0, max=1, help="Probability that a request or its answer is lost.")
    ] = 0.0,
    slow: Annotated[bool, typer.Option("--slow", help="Each request takes seconds.")] = False,
    offline: Annotated[
        Any, typer.Option("--offline", parser=_order("read_offline"), metavar="AFTER:FOR", help="Seconds: 10:30.")
    ] = None,
    crash: Annotated[
        Any,
        typer.Option(
            "--crash",
            parser=_order("read_crash"),
            metavar="WHEN",
            help="before-radio, after-radio, or a probability for each message.",
        ),
    ] = None,
    clock: Annotated[float, typer.Option("--clock", help="Seconds that the phone's clock is ahead.")] = 0.0,
    fail: Annotated[
        list[Any] | None,
        typer.Option(
            "--fail",
            parser=_order("read_failure"),
            metavar="[SLOT:]CODE=P",
            help="Android's code of a fault, and how probable it is, as in RESULT_ERROR_NO_SERVICE=0.1.",
        ),
    ] = None,
    carrier_limit: Annotated[
        Any,
        typer.Option(
            "--carrier-limit", parser=_order("read_carrier_limit"), metavar="N/SECONDS", help="Of each SIM: 30/1800."
        ),
    ] = None,
    battery: Annotated[int, typer.Option("--battery", min=0, max=100, help="Percent.")] = 80,
    inbound: Annotated[
        list[Any] | None,
        typer.Option(
            "--inbound", parser=_order("read_inbound"), metavar="NUMBER:TEXT", help="The first phone receives this."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each event as a JSON line.")] = False,
) -> None:
    """Emulate Android phones: they pair, take messages, "send" them, report, and fail as ordered. No SMS is sent."""
    from phones.faults import Faults
    from phones.orders import give_orders

    faults = Faults(lose_network=lose_network, is_slow=slow, carrier_limit=carrier_limit, clock_offset=clock)
    faults.battery = battery
    give_orders(faults, fail or [], crash)
    secrets = _secrets(token or code, fleet, tokens)
    with _folder(state_dir) as folder:
        run = _Run(url, door, sims, folder, seed, say, as_json)
        phones = [run.phone(number, secret, deepcopy(faults)) for number, secret in enumerate(secrets, 1)]
        for one in phones if wipe else ():
            one.wipe()
        for number, body in inbound or ():
            phones[0].receive(number, body)
        asyncio.run(run.work(phones, offline))


def _secrets(secret: str | None, count: int, tokens: Path | None) -> list[str | None]:
    """What pairs each phone; ``None``: it is paired."""
    from phones.orders import read_tokens

    if tokens is None:
        if count > 1 and secret is not None:
            raise InvalidError("phone_tokens", "A token pairs one phone: a fleet gets its tokens by --tokens FILE.")
        return [secret] * count
    given = read_tokens(tokens)
    if len(given) < count:
        raise InvalidError("phone_tokens", f"{tokens} has {len(given)} tokens for {count} phones.")
    return [*given[:count]]


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    if chosen is not None:
        yield chosen
        return
    with TemporaryDirectory(prefix="xsender-phone-") as temporary:
        yield Path(temporary)


@dataclass(frozen=True, slots=True)
class _Run:
    """What the phones of a process have in common."""

    url: str
    door: "DoorName"
    sims: int
    folder: Path
    seed: int | None
    said: Path | None
    as_json: bool

    def phone(self, number: int, secret: str | None, faults: "Faults") -> "Phone":
        """The phone with this number, from 1."""
        from phones.phone import Phone
        from phones.profile import Profile, cards

        name = f"phone-{number:02d}"
        return Phone(
            Profile(name, cards(self.sims, number)),
            self._connection(secret),
            self.folder / name,
            faults=faults,
            seed=self.seed,
            said=self.said,
            log=self.print,
        )

    def _connection(self, secret: str | None) -> "Connection":
        from phones.profile import Connection

        is_code = secret is not None and len(secret) <= _CODE
        return Connection(self.url, self.door, **({"code": secret} if is_code else {"token": secret}))

    def print(self, event: "Event") -> None:
        """One line for an event."""
        at = datetime.now().astimezone()
        if self.as_json:
            record = {"at": at.isoformat(), "phone": event.phone, "event": event.what, **event.details}
            print(visible(json.dumps(record, default=str)), flush=True)
            return
        details = " ".join(f"{name}={value}" for name, value in event.details.items() if value is not None)
        print(visible(f"{at:%H:%M:%S} {event.phone}: {event.what} {details}".rstrip()), flush=True)

    async def work(self, phones: "list[Phone]", offline: Any) -> None:
        """Run the phones until all were refused; a single one also until it crashes."""
        from phones.fleet import run_fleet
        from phones.orders import go_offline

        losses = [asyncio.create_task(go_offline(one.faults, offline)) for one in phones if offline]
        try:
            if len(phones) > 1:
                await run_fleet(phones, self.print)
            else:
                await _run_one(phones[0])
        finally:
            for loss in losses:
                loss.cancel()


async def _run_one(phone: "Phone") -> None:
    from phones.faults import Crashed
    from phones.network import Refused, SessionEnded

    try:
        await phone.run()
    except Crashed as crash:
        typer.echo(f"xsender: the phone crashed as ordered, {crash}", err=True)
        raise typer.Exit(_CRASHED) from None
    except (SessionEnded, Refused) as error:
        raise InvalidError("phone_session", f"The server refuses the phone: {error}") from None
