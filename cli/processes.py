"""``xsender dev``, ``api``, ``worker`` and ``migrate``: the processes, and the migration of the database."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson, words
from cli.output import emit
from cli.session import DEFAULT_FOLDER, choose_install, chosen_folder, load
from domain.errors import InvalidError
from runtime.garbage import pause_collection

if TYPE_CHECKING:
    from embedded.dev import DevOptions

Port = Annotated[int | None, typer.Option(min=1, max=65535, help="A free one is chosen if left out.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands at the top level."""
    for command in (dev, api, worker, migrate):
        app.command()(command)


def dev(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the API.")] = 8000,
    host: Annotated[str, typer.Option("--host", help="IPv4 address of the API.")] = "127.0.0.1",
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Folder of the install; .xsender if left out.")
    ] = None,
    temporal_port: Port = None,
    temporal_ui_port: Port = None,
    postgres_port: Port = None,
) -> None:
    """Run a whole install on this machine: Postgres, Temporal, API and worker. Ctrl-C stops all of it."""
    import asyncio

    from embedded.dev import run_dev

    choose_install(data_dir or chosen_folder() or DEFAULT_FOLDER)
    asyncio.run(run_dev(_dev_options(host, port, temporal_port, temporal_ui_port, postgres_port)))


def _dev_options(
    host: str, port: int, temporal_port: int | None, temporal_ui_port: int | None, postgres_port: int | None
) -> "DevOptions":
    from embedded.dev import DevOptions

    folder = chosen_folder()
    assert folder is not None
    try:
        return DevOptions(host, port, folder, temporal_port, temporal_ui_port, postgres_port)
    except ValueError as error:
        raise InvalidError("options", f"The install cannot start so: {error}.") from None


def api(
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535)] = None,
) -> None:
    """Run the HTTP API and the panel."""
    _leave_out_rich()
    pause_collection()
    from api.server import run
    from panel.app import attach

    given = {"api_host": host, "api_port": port}
    run(load().model_copy(update={name: value for name, value in given.items() if value is not None}), attach)


def worker(
    queues: Annotated[str, typer.Option("--queues", help="Task queues, separated by commas.")] = "all",
    processes: Annotated[
        int, typer.Option("--processes", min=1, max=256, help="How many: one process uses one core.")
    ] = 1,
) -> None:
    """Run a worker, which sends accepted messages."""
    wanted = _known_queues(queues)
    _leave_out_rich()
    if processes == 1:
        pause_collection()
        from worker.main import run

        run(load(), wanted)
    else:
        from worker.processes import run as run_processes

        run_processes(load(), wanted, processes)


def _leave_out_rich() -> None:
    """Let its import fail in this process: httpx and structlog would load it, for 4 MiB that no server uses."""
    sys.modules["rich"] = None  # type: ignore[assignment]


def _known_queues(text: str) -> list[str]:
    from workflows.policy import QUEUES

    wanted = list(QUEUES) if text == "all" else words(text)
    unknown = sorted(set(wanted) - set(QUEUES))
    if unknown or not wanted:
        problem = f"There is no queue {', '.join(unknown)}" if unknown else "No queue is named"
        raise InvalidError("queues", f"{problem}: use {', '.join(QUEUES)}, or all.")
    return wanted


def migrate(as_json: AsJson = False) -> None:
    """Bring the database to this version's schema."""
    import asyncio

    from store.migrate import migrate
    from store.schema.role_settings import settle_role

    settings = load()
    applied = asyncio.run(migrate(settings.database_session_url))
    if settings.database_direct_url:
        asyncio.run(settle_role(settings.database_direct_url))
    emit({"applied": applied}, as_json)
