"""``xsender contact``, ``xsender group``, ``xsender contact-field``: the people that users know."""

import json
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from cli.contact_files import app as app
from cli.options import AsJson, UserOption
from cli.output import emit
from cli.session import Session, run, run_change
from domain.errors import InvalidError

if TYPE_CHECKING:
    from domain.audience.contacts.contact import Contact
    from services.changes import Change
    from store.audience.contacts.fields import CustomField
    from store.audience.contacts.groups import Group

group_app = typer.Typer(help="Groups of contacts.", no_args_is_help=True)
field_app = typer.Typer(help="Custom fields of contacts.", no_args_is_help=True)

_ORIGIN = "cli"
_ContactId = Annotated[UUID, typer.Argument(metavar="CONTACT_ID", help="As 'xsender contact list' shows it.")]
_GroupKey = Annotated[str, typer.Argument(metavar="GROUP", help="Its key, or its id.")]
_FieldKey = Annotated[str, typer.Argument(metavar="FIELD", help="Its key.")]


@app.command("list")
def list_contacts(
    user: UserOption,
    text: Annotated[str | None, typer.Option("--q", help="How a name, an address or the external id begins.")] = None,
    tag: Annotated[str | None, typer.Option("--tag")] = None,
    group: Annotated[str | None, typer.Option("--group", help="Key or id.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List contacts, the newest first."""
    from services.audience.contacts.finding import Search, filter_of
    from store.audience.contacts.lists import page

    async def work(session: Session) -> "list[Contact]":
        wanted = await filter_of(session.pool, user, Search(text=text, tag=tag, group=group))
        return [] if wanted is None else list(await page(session.pool, user, wanted, None, limit))

    found = run(work)
    emit(found if as_json else [_brief(contact) for contact in found], as_json)


@app.command()
def show(contact: _ContactId, user: UserOption, as_json: AsJson = False) -> None:
    """Show a contact with all its values, and where they came from."""
    from services.audience.contacts.changing import find

    emit(run(lambda session: find(session.pool, user, contact)), as_json)


@app.command()
def put(
    values: Annotated[str, typer.Argument(metavar="JSON", help='Such as \'{"email": "ada@example.com"}\'.')],
    user: UserOption,
    as_json: AsJson = False,
) -> None:
    """Change who has the external id or one of the addresses, else make a contact."""
    from services.audience.contacts.changing import put as put_contact
    from services.audience.contacts.given import read_contact

    given = read_contact(_parsed(values))

    async def work(made: "Change") -> dict[str, Any]:
        outcome, contact = await put_contact(made, user, given, _ORIGIN)
        return {"outcome": outcome, "id": contact.id}

    emit(run_change("contact.put", work), as_json)


@app.command()
def merge(
    contact: _ContactId,
    other: Annotated[UUID, typer.Argument(metavar="OTHER_ID", help="It goes into the first one.")],
    user: UserOption,
    as_json: AsJson = False,
) -> None:
    """Make one contact of two."""
    from services.audience.contacts.changing import merge as merge_contacts

    async def work(made: "Change") -> dict[str, Any]:
        kept, dropped = await merge_contacts(made, user, contact, other, [], _no_check)
        return {"id": kept.id, "dropped": dropped}

    emit(run_change("contact.merged", work), as_json)


@app.command()
def delete(contact: _ContactId, user: UserOption, as_json: AsJson = False) -> None:
    """Delete a contact."""
    from services.audience.contacts.changing import remove

    run_change("contact.deleted", lambda made: remove(made, user, contact, _no_check))
    emit({"deleted": contact}, as_json)


@group_app.command("list")
def list_groups(user: UserOption, as_json: AsJson = False) -> None:
    """List groups, by their keys."""
    from store.audience.contacts.groups import of_account

    emit(run(lambda session: of_account(session.pool, user, "", 1000)), as_json)


@group_app.command("create")
def create_group(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    user: UserOption,
    key: Annotated[str | None, typer.Option("--key", help="Left out: like its name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a group."""
    from services.audience.contacts.grouping import add

    async def work(made: "Change") -> "Group":
        return await add(made, user, name, key)

    emit(run_change("group.created", work), as_json)


@group_app.command("delete")
def delete_group(group: _GroupKey, user: UserOption, as_json: AsJson = False) -> None:
    """Delete a group. Its members stay contacts."""
    from services.audience.contacts.grouping import find, remove

    async def work(made: "Change") -> dict[str, Any]:
        begun = await remove(made, user, await find(made.store, user, group, lock=True))
        return {"deleted": group, "operation": None if begun is None else begun.id}

    emit(run_change("group.deleted", work), as_json)


@field_app.command("list")
def list_fields(user: UserOption, as_json: AsJson = False) -> None:
    """List custom fields, by their keys."""
    from store.audience.contacts.fields import of_account

    emit(run(lambda session: of_account(session.pool, user)), as_json)


@field_app.command("create")
def create_field(
    field: _FieldKey,
    user: UserOption,
    type_: Annotated[str, typer.Option("--type", help="text, number, boolean, date or time.")] = "text",
    label: Annotated[str, typer.Option("--label", help="As people see it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a custom field."""
    from services.audience.contacts.custom_fields import add

    async def work(made: "Change") -> "CustomField":
        return await add(made, user, field, type_, label)

    emit(run_change("field.created", work), as_json)


@field_app.command("delete")
def delete_field(field: _FieldKey, user: UserOption, as_json: AsJson = False) -> None:
    """Delete a custom field; an operation removes its values."""
    from services.audience.contacts.custom_fields import find, remove

    async def work(made: "Change") -> dict[str, Any]:
        begun = await remove(made, user, await find(made.store, user, field, lock=True))
        return {"deleted": field, "operation": begun.id}

    emit(run_change("field.deleted", work), as_json)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise InvalidError("json_syntax", "the contact is no JSON object") from None


async def _no_check(_: "Contact") -> None:
    """Commands change a contact as it is."""


def _brief(contact: "Contact") -> dict[str, Any]:
    return {
        "id": contact.id,
        "external_id": contact.external_id,
        "email": contact.email,
        "phone": contact.phone,
        "name": " ".join(filter(None, (contact.first_name, contact.last_name))),
        "tags": contact.tags,
    }
