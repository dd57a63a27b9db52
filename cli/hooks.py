"""``xsender hook``: addresses that other systems post to. What is secret of them is shown once."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson, read_secret, user_id
from cli.output import emit
from cli.session import Session, run, run_change, run_sealed_change

if TYPE_CHECKING:
    from domain.keyring import Keyring
    from services.automations.hooks.rules import Made
    from services.changes import Change

app = typer.Typer(help="Hooks of users: what other systems post to, so that contacts enter automations.")

Owner = Annotated[int, typer.Option("--user", parser=user_id, metavar="ID", help="Whose hooks.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="By which automations name the hook.")]
Overlap = Annotated[str, typer.Option("--overlap", help="How long the one before works: 15m, 24h, 7d; or 0.")]
AskSecret = Annotated[
    bool, typer.Option("--ask-secret", help="Ask for the secret that posts are signed with, or read it from the input.")
]
_PATH = "/api/automation/webhook/"
_MOST = 10_000


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    user: Owner,
    preset: Annotated[str | None, typer.Option(help="The system that posts: 'xsender hook presets'.")] = None,
    ask_secret: AskSecret = False,
    as_json: AsJson = False,
) -> None:
    """Make a hook, and print its address and the secret that posts are signed with, if we chose it."""
    from services.automations.hooks import rules

    secret = read_secret() if ask_secret else None

    async def work(made: "Change", keyring: "Keyring") -> dict[str, Any]:
        return _once(await rules.add(made, keyring, user, name, preset, secret=secret))

    emit(run_sealed_change("hook.created", work), as_json)


@app.command("list")
def list_hooks(user: Owner, as_json: AsJson = False) -> None:
    """List hooks, newest first, without what is secret of them."""
    from store.automations.hooks import hooks

    async def work(session: Session) -> list[dict[str, Any]]:
        return [asdict(found) for found in await hooks.page(session.pool, user, None, _MOST)]

    found = run(work)
    names = ("key", "name", "preset", "testing", "failures", "last_failure", "last_failure_at", "former_id_until")
    emit(found if as_json else [{name: one[name] for name in names} for one in found], as_json)


@app.command()
def rotate(key: Key, user: Owner, overlap: Overlap = "24h", as_json: AsJson = False) -> None:
    """Give a hook another address, and print it."""
    from services.automations.hooks import rules

    async def work(made: "Change") -> dict[str, Any]:
        return _once(await rules.rotate_id(made, user, key, rules.read_overlap(overlap)))

    emit(run_change("hook.rotated", work), as_json)


@app.command("rotate-secret")
def rotate_secret(
    key: Key, user: Owner, overlap: Overlap = "24h", ask_secret: AskSecret = False, as_json: AsJson = False
) -> None:
    """Have posts be signed with another secret, and print it, if we chose it."""
    from services.automations.hooks import rules

    secret = read_secret() if ask_secret else None

    async def work(made: "Change", keyring: "Keyring") -> dict[str, Any]:
        return _once(await rules.rotate_secret(made, keyring, user, key, rules.read_overlap(overlap), secret))

    emit(run_sealed_change("hook.secret_rotated", work), as_json)


@app.command("samples")
def list_samples(key: Key, user: Owner, as_json: AsJson = False) -> None:
    """Show the last posts that came with ?test=1, or while the hook was tested."""
    from services.automations.hooks import rules
    from store.automations.hooks import samples

    async def work(session: Session) -> list[dict[str, Any]]:
        hook = await rules.find(session.pool, user, key)
        return [asdict(sample) for sample in await samples.latest(session.pool, hook.id)]

    emit(run(work), as_json)


@app.command()
def presets(as_json: AsJson = False) -> None:
    """List systems whose posts are known. No install is needed."""
    from domain.automations.hooks.prepared import presets as known

    found = [asdict(preset) for preset in known().values()]
    emit(found if as_json else [{name: one[name] for name in ("key", "name", "about")} for one in found], as_json)


@app.command()
def delete(key: Key, user: Owner, as_json: AsJson = False) -> None:
    """Delete a hook: what is posted to it is refused from now on."""
    from services.automations.hooks import rules

    async def work(made: "Change") -> dict[str, Any]:
        await rules.remove(made, user, key)
        return {"deleted": key}

    emit(run_change("hook.deleted", work), as_json)


def _once(made: "Made") -> dict[str, Any]:
    shown: dict[str, Any] = {"key": made.hook.key, "name": made.hook.name}
    if made.token is not None:
        shown |= {"id": made.token, "path": f"{_PATH}{made.token}"}
    if made.hook.auth is not None:
        shown |= {"secret": made.secret, "has_secret": made.hook.has_secret}
    return shown
