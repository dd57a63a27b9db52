"""A command's resources: the settings of its install, a connection pool, the key ring."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from domain.errors import InvalidError, NotFoundError

if TYPE_CHECKING:  # loading these takes longer than most commands work
    from temporalio.client import Client

    from domain.keyring import Keyring
    from runtime.settings import Settings
    from services.changes import Change
    from store.pool import Pool

DEFAULT_FOLDER = Path(".xsender")
_FOLDER = "XSENDER_DATA_DIR"
_DATABASE = "XSENDER_DATABASE_URL"

Result = TypeVar("Result")


@dataclass(frozen=True)
class Session:
    """One command's connections to an install."""

    settings: "Settings"
    pool: "Pool"

    @property
    def keyring(self) -> "Keyring":
        """The ring that opens the credentials of gateways.

        Raises:
            InvalidError: the install has no usable key ring.
        """
        from domain.keyring import CREDENTIALS, Keyring

        try:
            return Keyring.parse(self.settings.keys.get_secret_value(), CREDENTIALS)
        except ValueError as error:
            raise InvalidError("keys", f"The keys of this install cannot be used: {error}.") from None


def choose_install(folder: Path | None) -> None:
    """Make this process, and those it starts, talk to the install in ``folder``.

    Without one it is ``.xsender`` in the current folder, unless there is none or the environment names a database.
    """
    if folder is None and _DATABASE not in os.environ and DEFAULT_FOLDER.is_dir():
        folder = DEFAULT_FOLDER
    if folder is not None:
        os.environ[_FOLDER] = str(folder)


def chosen_folder() -> Path | None:
    """The folder of the install, if it has one."""
    folder = os.environ.get(_FOLDER)
    return Path(folder) if folder else None


def load() -> "Settings":
    """The settings of the chosen install.

    Raises:
        NotFoundError: there is no install in the folder.
    """
    from runtime.settings import INSTALL_FILE, load_settings

    folder = chosen_folder()
    if folder is not None and _DATABASE not in os.environ and not (folder / INSTALL_FILE).exists():
        raise NotFoundError(
            "install", f"There is no install in {folder}: start one with 'xsender dev --data-dir {folder}'."
        )
    return load_settings(folder)


async def temporal(settings: "Settings") -> "Client":
    """A client of the install's Temporal.

    Raises:
        NotFoundError: it does not answer.
    """
    from runtime.temporal import connect

    try:
        return await connect(settings)
    except RuntimeError:
        raise NotFoundError(
            "temporal_away", f"Temporal does not answer at {settings.temporal_address}: is the install running?"
        ) from None


def run(work: Callable[[Session], Awaitable[Result]]) -> Result:
    """Run a command's work in its own session."""
    import asyncio

    return asyncio.run(_run(work))


def run_change(action: str, work: "Callable[[Change], Awaitable[Result]]") -> Result:
    """Run a command that changes something: in one transaction with its entry in the audit log."""
    return _run_change(action, lambda _, made: work(made))


def run_sealed_change(
    action: str, work: "Callable[[Change, Keyring], Awaitable[Result]]", *, dry_run: bool = False
) -> Result:
    """``run_change`` for a command that reads or writes credentials; ``dry_run``: nothing is written."""
    return _run_change(action, lambda session, made: work(made, session.keyring), dry_run=dry_run)


def run_connected_change(
    action: str,
    work: "Callable[[Session, Change], Awaitable[Result]]",
    *,
    dry_run: bool = False,
    only_if_changed: bool = False,
) -> Result:
    """``run_change`` for a command that needs the install's Temporal too."""
    return _run_change(action, work, dry_run=dry_run, only_if_changed=only_if_changed)


def _run_change(
    action: str,
    work: "Callable[[Session, Change], Awaitable[Result]]",
    *,
    dry_run: bool = False,
    only_if_changed: bool = False,
) -> Result:
    from domain.access.actors import COMMAND_LINE
    from services.changes import change

    async def changed(session: Session) -> Result:
        async with change(session.pool, COMMAND_LINE, action, dry_run=dry_run, only_if_changed=only_if_changed) as made:
            return await work(session, made)

    return run(changed)


async def _run(work: Callable[[Session], Awaitable[Result]]) -> Result:
    import logging

    from store.pool import open_pool

    # The pool reports each failed connection as it retries; the command reports it once, at the end.
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    settings = load()
    pool = await open_pool(settings.database_url, 1, "xsender-cli", settings.database_direct_url)
    try:
        return await work(Session(settings, pool))
    finally:
        await pool.close()
