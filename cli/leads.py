"""``xsender lead``: leads of users, and where they come from."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from cli.lead_import import import_file
from cli.options import AsJson, UserOption
from cli.output import emit
from cli.session import Session, run, run_connected_change
from domain.errors import InvalidError

if TYPE_CHECKING:
    from services.changes import Change
    from store.leads.leads import Lead
    from store.leads.lists import Filter
    from store.leads.sources import Source
    from store.pool import Connections

app = typer.Typer(
    help="Leads of users, and the pages, forms and ad accounts that they come from.", no_args_is_help=True
)
app.command("import")(import_file)

_Source = Annotated[str | None, typer.Option("--source", help="Key or id: only leads of this source.")]
_States = Annotated[list[str] | None, typer.Option("--state", help="Only leads in this state; repeatable.")]
_Key = Annotated[str, typer.Argument(metavar="SOURCE", help="Its key, or its id.")]
_HIDDEN = ("sealed", "notice", "account_id")
_BRIEF = ("id", "via", "state", "code", "contact_id", "received_at", "ended_at")
_OF_SOURCE = ("key", "kind", "name", "state", "parked_reason", "token_until", "last_lead_at", "refused", "unknown")


@app.command("list")
def list_leads(
    user: UserOption,
    state: _States = None,
    source: _Source = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List leads, the newest first."""
    from store.leads import lists

    async def work(session: Session) -> "list[Lead]":
        wanted = await _filter(session.pool, user, state, source)
        return list(await lists.page(session.pool, user, wanted, None, limit))

    rows = [_plain(lead) for lead in run(work)]
    emit(rows if as_json else [{name: row[name] for name in _BRIEF} for row in rows], as_json)


@app.command()
def show(
    lead: Annotated[UUID, typer.Argument(metavar="LEAD", help="As 'xsender lead list' shows it.")],
    user: UserOption,
    as_json: AsJson = False,
) -> None:
    """Show a lead with what somebody answered, and why it is in its state."""
    from services.leads.reading import raw_of
    from services.leads.replaying import find
    from services.leads.setting_up.previewing import shown_raw
    from store.leads import sources

    async def work(session: Session) -> dict[str, Any]:
        found = await find(session.pool, user, lead)
        source = (await sources.of_ids(session.pool, [found.source_id]))[found.source_id]
        raw = raw_of(session.keyring, source, found)
        return {"source": source.key} | _plain(found) | (shown_raw(raw) if raw else {})

    emit(run(work), as_json)


@app.command()
def replay(
    user: UserOption,
    lead: Annotated[UUID | None, typer.Argument(metavar="LEAD", help="One lead; left out: all that match.")] = None,
    state: _States = None,
    source: _Source = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell how many.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have leads be taken again, say with a corrected mapping. What they began and sent before is not done again.

    Without states those that are failed, gone or invalid are taken.
    """
    from services.leads.replaying import replay as replay_one
    from services.leads.replaying import replay_all

    if lead is not None and (state or source):
        raise InvalidError("lead_filter", "name one lead, or filters, and not both")

    async def work(_: Session, made: "Change") -> dict[str, Any]:
        if lead is not None:
            return {"leads": 1, "state": (await replay_one(made, user, lead)).state}
        wanted = await _filter(made.store, user, state, source)
        count, operation = await replay_all(made, user, None, wanted, is_dry=dry_run)
        return {"leads": count, "operation": operation and str(operation.id)}

    emit(run_connected_change("leads.replayed", work, dry_run=dry_run), as_json)


@app.command("sources")
def list_sources(user: UserOption, as_json: AsJson = False) -> None:
    """List sources of leads, with what is wrong with those that are parked."""
    from services.leads.rules import MOST
    from store.leads import sources

    async def work(session: Session) -> "list[Source]":
        return list(await sources.page(session.pool, user, None, MOST))

    rows = [_plain(source) for source in run(work)]
    emit(rows if as_json else [{name: row[name] for name in _OF_SOURCE} for row in rows], as_json)


@app.command("unknown-pages")
def list_unknown_pages(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50, as_json: AsJson = False
) -> None:
    """List pages of Meta that post leads to the app of this install, though no source takes them."""
    from store.leads import unknown_pages

    async def work(session: Session) -> list[dict[str, Any]]:
        return [asdict(page) for page in await unknown_pages.page(session.pool, None, limit)]

    emit(run(work), as_json)


@app.command()
def check(source: _Key, user: UserOption, as_json: AsJson = False) -> None:
    """Ask the provider of a source whether all is well: token, permissions, subscription, forms."""
    from gateways.base import GatewayConnections
    from services.leads.providers import Providers
    from services.leads.rules import find
    from services.leads.setting_up.checking import check as look_at
    from store.gateways.sandbox_inbox import SandboxInbox

    async def work(session: Session) -> dict[str, Any]:
        outside = GatewayConnections.open(SandboxInbox(session.pool))
        providers = Providers(session.pool, session.keyring, outside, session.settings.for_install)
        try:
            found = await find(session.pool, user, source)
            return asdict(await look_at(session.pool, session.keyring, providers, found, subscribe=False))
        finally:
            await providers.aclose()

    found = run(work)
    emit(found if as_json else found["points"], as_json)


async def _filter(store: "Connections", user: int, states: list[str] | None, source: str | None) -> "Filter":
    from domain.leads.states import STATES
    from services.leads.rules import find
    from store.leads.lists import Filter

    if unknown := sorted(set(states or ()) - STATES.keys()):
        raise InvalidError("lead_state", f"there is no state {', '.join(unknown)}: use {', '.join(STATES)}")
    source_id = None if source is None else (await find(store, user, source)).id
    return Filter(tuple(states or ()), source_id)


def _plain(row: "Lead | Source") -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if name not in _HIDDEN}
