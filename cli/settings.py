"""``xsender settings``: settings of the whole install."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import CONFIG_HELP, AsJson, json_object
from cli.output import emit
from cli.session import Session, run, run_sealed_change
from cli.settings_file import add_to

if TYPE_CHECKING:
    from domain.keyring import Keyring
    from services.changes import Change

app = typer.Typer(help="Settings of the whole install.", no_args_is_help=True)


@app.command()
def show(as_json: AsJson = False) -> None:
    """Show the settings that hold now, and where each is from."""
    emit(run(_described), as_json)


@app.command("set")
def set_settings(
    config_json: Annotated[
        str,
        typer.Option(
            "--config-json",
            help='A JSON Merge Patch: {"default_region": "FR", "branding": {"colour": "#0a7d4f"}}. ' + CONFIG_HELP,
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Change settings, from the next request on in every process; null: as the environment says, or the default."""
    patch = json_object(config_json, "--config-json")

    async def work(made: "Change", keyring: "Keyring") -> None:
        from services.settings.changing import change_settings

        await change_settings(made, keyring, patch)

    run_sealed_change("settings.updated", work)
    emit(run(_described), as_json)


async def _described(session: Session) -> dict[str, Any]:
    from services.settings.changing import describe

    found = await describe(session.pool, session.keyring, session.settings.for_install)
    settings = found.settings.model_dump(mode="json")
    return {**settings, "system_mail": found.system_mail, "sources": found.sources}


add_to(app)
