"""``python -m bench.profile``: where a message's CPU goes, by part and, within our processes, by area."""

import argparse
import asyncio
import json
import os
import signal
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.install import BULK_WORKER, Install, running_install
from bench.processes import CpuMeter
from bench.steps.batch import run_batch
from bench.steps.end_to_end import run_sends
from bench.waiting import until
from workflows.policy import DISPATCH_QUEUE, HOME_QUEUE, WORKFLOW_QUEUE

_SAMPLED = {
    "api": ("api",),
    "worker": ("worker", "--queues", f"{WORKFLOW_QUEUE},{DISPATCH_QUEUE},{HOME_QUEUE}"),
    "bulk worker": BULK_WORKER,
}
_BATCH = 20_000
_SENDS = 2_000
_CONNECTIONS = 64

Load = Callable[[CpuMeter, list[bytes]], Awaitable[object]]


@dataclass(frozen=True)
class Profile:
    """CPU of one load, in milliseconds per message."""

    parts: Mapping[str, float]
    areas: Mapping[str, Mapping[str, float]]
    """Part → area → milliseconds; they add up to the part's, but for what the sampler missed."""


async def _profile(scale: float) -> dict[str, Profile]:
    with tempfile.TemporaryDirectory(prefix="xsender-profile-") as folder:
        files = {name: Path(folder, f"{name}.json") for name in _SAMPLED}
        commands = {name: ("-m", "bench.sampler", str(files[name]), *rest) for name, rest in _SAMPLED.items()}
        async with running_install(commands) as install:
            batch, sends = int(_BATCH * scale), int(_SENDS * scale)
            return {
                f"a batch of {batch:,}": await _sampled(install, files, batch, partial(run_batch, install, batch)),
                f"{sends:,} one-contact sends, {_CONNECTIONS} connections": await _sampled(
                    install, files, sends, partial(run_sends, install, _CONNECTIONS, sends)
                ),
            }


async def _sampled(install: Install, files: Mapping[str, Path], messages: int, load: Load) -> Profile:
    """Run the load once to warm up and once counted."""
    await load(CpuMeter(install.pids), [])
    for name, file in files.items():
        file.unlink(missing_ok=True)
        os.kill(install.pids[name], signal.SIGUSR1)
    cpu = CpuMeter(install.pids)
    await load(cpu, [])
    for name in files:
        os.kill(install.pids[name], signal.SIGUSR2)
    await until(partial(asyncio.to_thread, _all_there, files.values()), bool, within=10, pause=0.05)
    return Profile(
        cpu.per_thousand(),
        {
            name: {area: seconds * 1000 / messages for area, seconds in json.loads(file.read_text()).items()}
            for name, file in files.items()
        },
    )


def _all_there(files: Iterable[Path]) -> bool:
    return all(file.exists() for file in files)


def _table(title: str, profile: Profile) -> Table:
    table = Table(title=f"CPU per message: {title}")
    table.add_column("part, area")
    table.add_column("ms", justify="right")
    table.add_column("share", justify="right")
    whole = profile.parts["all parts"]
    for part, spent in sorted(profile.parts.items(), key=lambda item: item[1]):
        table.add_row(f"[bold]{part}[/]", f"{spent:.3f}", f"{spent / whole:.0%}")
        for area, ms in sorted(profile.areas.get(part, {}).items(), key=lambda item: -item[1]):
            if ms / whole >= 0.005:
                table.add_row(f"  {area}", f"[dim]{ms:.3f}[/]", f"[dim]{ms / whole:.0%}[/]")
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.profile", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="size of the loads")
    console = Console(width=120)
    for title, profile in asyncio.run(_profile(parser.parse_args().scale)).items():
        console.print(_table(title, profile))


if __name__ == "__main__":
    main()
