"""Kinds of fields that several configurations share."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from gateways.email.mailbox import parse_mailbox

_LINE_BREAKING = re.compile(r"[\x00-\x1f\x7f]")


def _one_line(text: str) -> str:
    if _LINE_BREAKING.search(text):
        raise ValueError("must not contain line breaks or other control characters")
    return text


def _host_name(text: str) -> str:
    if any(character.isspace() or not character.isprintable() for character in text):
        raise ValueError("must be a host name or an address")
    return text


def _mailbox(text: str) -> str:
    return str(parse_mailbox(text))


Secret = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_one_line)]
"""A credential, fit to stand in a header."""
HeaderText = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
"""A short text that ends up in a header."""
MailboxText = Annotated[str, Field(max_length=320), AfterValidator(_mailbox)]
"""Exactly one email address."""
HostName = Annotated[str, Field(min_length=1, max_length=253), AfterValidator(_host_name)]
"""A host's name or address."""
