"""``xsender oidc``: the provider of identities at which staff logs in."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import CONFIG_HELP, AsJson, json_object
from cli.output import emit
from cli.session import Session, run, run_change, run_sealed_change

if TYPE_CHECKING:
    from domain.keyring import Keyring
    from services.access.oidc_check import Checked
    from services.changes import Change

app = typer.Typer(help="The provider of identities (OpenID Connect) at which staff logs in.", no_args_is_help=True)


@app.command()
def show(as_json: AsJson = False) -> None:
    """Show the provider; of the client's secret only that it is set."""
    emit(run(_shown), as_json)


@app.command("set")
def set_provider(
    config_json: Annotated[
        str,
        typer.Option(
            "--config-json",
            help='A JSON Merge Patch: {"issuer": "https://login.example.com", "client_id": "xsender", '
            '"client_secret": "…", "roles": [{"group": "helpdesk", "role": "support"}]}. ' + CONFIG_HELP,
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Set or change the provider. Then see whether log-in can work: xsender oidc check."""
    patch = json_object(config_json, "--config-json")

    async def work(made: "Change", keyring: "Keyring") -> None:
        from services.access.oidc_config import change_config

        await change_config(made, keyring, patch)

    run_sealed_change("oidc.updated", work)
    emit(run(_shown), as_json)


@app.command()
def remove(as_json: AsJson = False) -> None:
    """Remove the provider and the client's secret. Members stay, and sessions that have begun go on."""
    from services.access.oidc_config import remove_config

    run_change("oidc.removed", remove_config)
    emit({"removed": True}, as_json)


@app.command()
def check(as_json: AsJson = False) -> None:
    """Check what a log-in needs: the provider, its keys, the client, the roles. The exit code is 1 if one fails."""
    from runtime.logs import configure_logs

    configure_logs("CRITICAL", as_json=False)  # what fails is in the result
    found = run(_checked)
    emit(found, as_json)
    if not all(one.passed for one in found):
        raise typer.Exit(1)


async def _shown(session: Session) -> dict[str, Any]:
    from services.access.oidc_config import shown

    return await shown(session.pool)


async def _checked(session: Session) -> "list[Checked]":
    from gateways.base import GatewayConnections
    from services.access.oidc_check import check_provider
    from services.settings.current import read_current
    from store.gateways.sandbox_inbox import SandboxInbox

    settings = await read_current(session.pool, session.settings.for_install)
    outside = GatewayConnections.open(SandboxInbox(session.pool))
    try:
        return await check_provider(session.pool, session.keyring, outside, settings.public_url)
    finally:
        await outside.aclose()
