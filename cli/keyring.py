"""``xsender keyring …``: what is sealed with which key of XSENDER_KEYS, and rotating them."""

from dataclasses import asdict

import typer

from cli.options import AsJson
from cli.output import emit
from cli.session import Session, run, temporal

app = typer.Typer(no_args_is_help=True, help="The keys that secrets and workflows are sealed with.")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say what is sealed with each key, and which may go."""

    async def work(session: Session) -> list[dict[str, object]]:
        from services.keyring.rotating import key_uses

        found = await key_uses(session.pool, await temporal(session.settings), session.keyring)
        return [{**asdict(one), "secrets": sum(one.secrets.values()), "may_go": one.may_go} for one in found]

    emit(run(work), as_json)


@app.command()
def rotate(as_json: AsJson = False) -> None:
    """Seal all secrets with the first key of XSENDER_KEYS. Add it in front and restart all processes before.

    It may be interrupted, and repeated. Progress is on standard error.
    """

    async def work(session: Session) -> int:
        from services.keyring.rotating import reseal_all

        return await reseal_all(session.pool, session.keyring, _tell)

    def _tell(place: str, count: int) -> None:
        if not as_json:
            typer.echo(f"{place}: {count}", err=True)

    emit({"resealed": run(work)}, as_json)
