"""``xsender link-domain``: domains that users' short links begin with."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson, OwnerOption
from cli.output import emit
from cli.session import Session, run, run_change, run_connected_change

if TYPE_CHECKING:
    from services.changes import Change

app = typer.Typer(help="Domains that users' short links begin with, with their DNS records.", no_args_is_help=True)

Which = Annotated[int, typer.Argument(metavar="ID", help="The domain's id.")]


@app.command()
def add(
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="Such as links.example.com.")],
    owner: OwnerOption = 0,
    as_json: AsJson = False,
) -> None:
    """Add a domain, and print the DNS records to enter."""
    from services.links.domains import add_domain, shown
    from services.settings.current import read_current

    async def work(session: Session, made: "Change") -> dict[str, Any]:
        settings = await read_current(made.store, session.settings.for_install)
        return shown(await add_domain(made, owner, domain, settings.public_url))

    _print(run_connected_change("link_domain.created", work), as_json)


@app.command("list")
def list_domains(owner: OwnerOption = 0, as_json: AsJson = False) -> None:
    """List a user's domains, the newest first."""
    from services.links.domains import shown
    from store.links.link_domains import page

    found = run(lambda session: page(session.pool, owner, 2**63 - 1, 1000))
    rows = [shown(domain) for domain in found]
    emit(rows if as_json else [_brief(row) for row in rows], as_json)


@app.command()
def show(domain: Which, as_json: AsJson = False) -> None:
    """Show a domain with its DNS records, and what the last check found of them."""
    from services.links.domains import shown
    from store.links.link_domains import get

    _print(shown(run(lambda session: get(session.pool, domain))), as_json)


@app.command()
def check(domain: Which, as_json: AsJson = False) -> None:
    """Look up a domain's records now."""
    from domain.access.actors import COMMAND_LINE
    from gateways.net.txt_lookup import TxtLookup
    from services.changes import change
    from services.links.domains import look_up, note_check, shown
    from store.links.link_domains import get

    async def work(session: Session) -> dict[str, Any]:
        found = await get(session.pool, domain)
        looked = await look_up(TxtLookup(session.settings.dns_servers), found)
        async with change(session.pool, COMMAND_LINE, "link_domain.checked") as made:
            return shown(await note_check(made, looked))

    _print(run(work), as_json)


@app.command()
def delete(domain: Which, as_json: AsJson = False) -> None:
    """Delete a domain. Its links lead nowhere from now on, also those in messages that were sent."""
    from services.links.domains import find_domain, remove_domain

    async def work(made: "Change") -> int:
        found = await find_domain(made, domain)
        await remove_domain(made, found)
        return found.id

    emit({"deleted": run_change("link_domain.deleted", work)}, as_json)


def _print(domain: dict[str, Any], as_json: bool) -> None:
    if as_json:
        emit(domain, as_json)
        return
    emit(_brief(domain), as_json)
    for record in domain["records"]:
        print()
        names = ("purpose", "state", "message", "type", "name", "value")
        emit({name: record[name] for name in names} | {"found": " | ".join(record["found"])}, as_json)


def _brief(domain: dict[str, Any]) -> dict[str, Any]:
    return {name: domain[name] for name in ("id", "domain", "state", "checked_at", "problem")}
