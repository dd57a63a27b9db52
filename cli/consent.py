"""``xsender purpose``, ``suppression`` and ``consent``: what messages are for, and who gets them."""

import csv
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.options import AsJson, ChannelOption, UserOption, words
from cli.output import emit
from cli.session import Session, run, run_change
from domain.errors import InvalidError

purpose = typer.Typer(help="Purposes of a user's messages.", no_args_is_help=True)
suppression = typer.Typer(help="Recipients who get no more messages of a user.", no_args_is_help=True)
consent = typer.Typer(help="What recipients allowed and refused.", no_args_is_help=True)

_LARGEST_LIST = 64 * 1024 * 1024
_COLUMNS = ("channel", "recipient", "reason", "created_at", "until", "uid")

Key = Annotated[str, typer.Argument(metavar="KEY", help="The purpose's key.")]
Channels = Annotated[str | None, typer.Option("--channels", help="Those that it is used on, e.g. email,sms.")]
Default = Annotated[str | None, typer.Option("--default", help="opt_in or opt_out.")]
Public = Annotated[bool | None, typer.Option("--public/--hidden", help="Whether recipients see it.")]


def add_to(app: typer.Typer) -> None:
    """Add the groups of commands."""
    app.add_typer(purpose, name="purpose")
    app.add_typer(suppression, name="suppression")
    app.add_typer(consent, name="consent")


@purpose.command("list")
def list_purposes(user: UserOption, as_json: AsJson = False) -> None:
    """List the purposes of a user, the built-in ones first."""
    from services.audience.consent.purposes import all_of

    emit(run(lambda session: all_of(session.pool, user)), as_json)


@purpose.command("add")
def add_purpose(
    key: Key,
    user: UserOption,
    name: Annotated[str, typer.Option("--name", help="As recipients see it.")],
    channels: Channels = None,
    default: Default = "opt_out",
    public: Public = None,
    transactional: Annotated[bool, typer.Option("--transactional", help="Consent is never asked.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a purpose."""
    from domain.audience.purposes import Purpose
    from services.audience.consent.purposes import add

    is_public = not transactional if public is None else public
    given = _fields(name, channels, default, is_public)
    new = Purpose(key, transactional=transactional, **given)
    emit(run_change("purpose.created", lambda made: add(made, user, new)), as_json)


@purpose.command("change")
def change_purpose(
    key: Key,
    user: UserOption,
    name: Annotated[str | None, typer.Option("--name", help="As recipients see it.")] = None,
    channels: Channels = None,
    default: Default = None,
    public: Public = None,
    as_json: AsJson = False,
) -> None:
    """Change a purpose; what is left out stays."""
    from services.audience.consent.purposes import alter

    given = _fields(name, channels, default, public)
    emit(run_change("purpose.changed", lambda made: alter(made, user, key, given)), as_json)


@purpose.command("remove")
def remove_purpose(key: Key, user: UserOption, as_json: AsJson = False) -> None:
    """Remove a purpose. Messages that wait obey its rules still."""
    from services.audience.consent.purposes import remove

    run_change("purpose.removed", lambda made: remove(made, user, key))
    emit({"key": key, "removed": True}, as_json)


def _fields(name: str | None, channels: str | None, default: str | None, public: bool | None) -> dict[str, Any]:
    from domain.channels import Channel

    wanted = None if channels is None else words(channels)
    if wanted is not None and (not wanted or set(wanted) - set(Channel)):
        raise InvalidError("channels", "The channels are email, sms and whatsapp.")
    if default not in (None, "opt_in", "opt_out"):
        raise InvalidError("default", "The default is opt_in or opt_out.")
    if name is not None and not 1 <= len(name) <= 100:
        raise InvalidError("name", "A name has 1 to 100 characters.")
    given = {
        "name": name,
        "channels": None if wanted is None else tuple(dict.fromkeys(wanted)),
        "default": default,
        "public": public,
    }
    return {field: value for field, value in given.items() if value is not None}


@suppression.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV; its first line names its columns.")],
    user: UserOption,
    as_json: AsJson = False,
) -> None:
    """Add a list of suppressions: channel,recipient, and perhaps reason,created_at,until,uid."""
    from services.audience.consent.lists import read_suppressions
    from services.suppressions import add_list

    found = read_suppressions(_content(file), most=None)
    if isinstance(found, InvalidError):
        raise found
    read = found
    added = run_change("suppression.imported", lambda made: add_list(made, user, read.rows))
    wrong = [f"{error.pointer}: {error.message}" for error in read.errors]
    known = len(read.rows) - added
    emit({"added": added, "known": known, "refused": read.refused, "errors": wrong}, as_json)


@suppression.command("export")
def export_list(user: UserOption) -> None:
    """Print all suppressions of a user as CSV, which can be imported again."""
    from store.audience import suppressions

    async def pages(session: Session) -> None:
        out = csv.writer(sys.stdout)
        out.writerow(_COLUMNS)
        place: suppressions.Place | None = None
        while rows := await suppressions.page(session.pool, suppressions.Filter(user), place, 1000):
            out.writerows([_cell(getattr(row, name)) for name in _COLUMNS] for row in rows)
            last = rows[-1]
            place = (last.created_at, last.account_id, last.channel, last.recipient)

    run(pages)


def _cell(value: Any) -> Any:
    """A text that a spreadsheet does not compute; the import takes the mark away again."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "-", "@")) else value


@consent.command("show")
def show_consent(
    recipient: Annotated[str, typer.Argument(metavar="ADDRESS", help="An email address, or a number with +.")],
    user: UserOption,
    channel: ChannelOption,
    as_json: AsJson = False,
) -> None:
    """Show what is recorded of an address, now and before."""
    from dataclasses import asdict

    from services.audience.consent.records import of_address
    from services.suppressions import canonical

    address = canonical(channel, recipient)
    found = run(lambda session: of_address(session.pool, user, channel, address))
    if as_json:
        emit(asdict(found), as_json)
        return
    held_back = found.suppression
    emit(
        {
            "suppressed": f"{held_back.reason}, since {held_back.created_at}" if held_back else "no",
            "paused_until": found.paused_until or "not paused",
        },
        as_json,
    )
    emit(
        [{name: getattr(one, name) for name in ("purpose", "state", "source", "at")} for one in found.history], as_json
    )


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST_LIST + 1)
    except OSError as error:
        raise InvalidError("file", f"{file} cannot be read: {error.strerror}") from None
    if len(content) > _LARGEST_LIST:
        raise InvalidError("file", "The list is larger than 64 MiB: import it in several files.")
    return content
