"""Options and arguments that several commands share, and how their values are read."""

import json
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from domain.channels import Channel
from domain.errors import InvalidError

_LARGEST_ID = 2**63 - 1
_LARGEST_FILE = 1_000_000
"""Bytes that are read of a file with a configuration."""
_DIGITS = re.compile(r"[0-9]{1,40}")


def user_id(text: str) -> int:
    """Read the id of a user.

    Raises:
        typer.BadParameter: it is none.
    """
    if not _DIGITS.fullmatch(text) or not 1 <= int(text) <= _LARGEST_ID:
        raise typer.BadParameter(f"'{text}' is not the id of a user: 'xsender user list' shows them")
    return int(text)


def owner_id(text: str | int) -> int:
    """Read the id of a user, or 0 for the admin; an option's default comes as the number it is.

    Raises:
        typer.BadParameter: it is neither.
    """
    return 0 if text in (0, "0") else user_id(str(text))


def whole(text: str) -> int:
    """Read a number of credits; the ledger refuses values that are too small or too large.

    Raises:
        typer.BadParameter: it is no whole number.
    """
    if not _DIGITS.fullmatch(text):
        raise typer.BadParameter(f"'{text}' is not a whole number of credits")
    return int(text)


AsJson = Annotated[bool, typer.Option("--json", help="Print exactly one JSON value.")]
UserOption = Annotated[int, typer.Option("--user", parser=user_id, metavar="ID", help="The user's id.")]
UserArgument = Annotated[int, typer.Argument(parser=user_id, metavar="ID", help="The user's id.")]
OwnerOption = Annotated[
    int, typer.Option("--owner", parser=owner_id, metavar="USER_ID", help="The owner's id; 0 is the admin.")
]
OfOwner = Annotated[
    int | None, typer.Option("--owner", parser=owner_id, metavar="USER_ID", help="0 is the admin; all if left out.")
]
ChannelOption = Annotated[Channel, typer.Option("--channel")]


def moment(text: str) -> datetime:
    """Read a time with its offset.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise typer.BadParameter(f"'{text}' is not a time: write it as in 2026-11-28T09:30:00Z")
    return at


AfterOption = Annotated[
    datetime | None, typer.Option("--created-after", parser=moment, metavar="TIME", help="Accepted then or later.")
]
BeforeOption = Annotated[
    datetime | None, typer.Option("--created-before", parser=moment, metavar="TIME", help="Accepted earlier.")
]
OfUser = Annotated[
    int | None, typer.Option("--user", parser=owner_id, metavar="ID", help="Of this user; 0: sent by the admin.")
]


def read_password() -> str:
    """Read a password: from the terminal, which asks for it twice, else the first line of standard input.

    It is no option, as others see the options of a process.

    Raises:
        InvalidError: it is not UTF-8 text.
    """
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    try:
        return sys.stdin.buffer.readline(_LARGEST_FILE).decode().rstrip("\r\n")
    except ValueError:
        raise InvalidError("password_length", "The password is not UTF-8 text.") from None


def read_secret() -> str:
    """Read a secret, as ``read_password`` does; a terminal is asked once.

    Raises:
        InvalidError: it is not UTF-8 text.
    """
    if sys.stdin.isatty():
        return str(typer.prompt("Value", hide_input=True))
    try:
        return sys.stdin.buffer.readline(_LARGEST_FILE).decode().rstrip("\r\n")
    except ValueError:
        raise InvalidError("secret_value", "The value is not UTF-8 text.") from None


CONFIG_HELP = "JSON; @FILE or - (standard input) keeps secrets out of the list of processes."
"""Help of options that take a JSON object."""


def json_object(text: str, option: str) -> dict[str, Any]:
    """Read an option whose value is a JSON object: as it stands, or ``@FILE``, or ``-`` for standard input.

    Raises:
        InvalidError: it is none, or cannot be read.
    """
    text = _given(text, option)
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InvalidError("json", f"{option} is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise InvalidError("json", f"{option} must be a JSON object, such as '{{}}'.")
    return value


def _given(text: str, option: str) -> str:
    if text != "-" and not text.startswith("@"):
        return text
    try:
        if text == "-":
            return sys.stdin.buffer.read(_LARGEST_FILE).decode()
        with Path(text[1:]).open("rb") as file:
            return file.read(_LARGEST_FILE).decode()
    except OSError as error:
        raise InvalidError("file", f"{option}: {text[1:]} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise InvalidError("file", f"{option}: the file is not UTF-8 text.") from None


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not a number")


def uuid(text: str, option: str) -> UUID:
    """Read an option whose value is a UUID.

    Raises:
        InvalidError: it is none.
    """
    try:
        return UUID(text)
    except ValueError:
        raise InvalidError("uuid", f"{option} must be a UUID, such as 123e4567-e89b-42d3-a456-426614174000.") from None


def words(text: str) -> list[str]:
    """Read a list separated by commas."""
    return [word for word in (part.strip() for part in text.split(",")) if word]
