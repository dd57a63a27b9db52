"""Who may read and change an account's sources and leads."""

from typing import Annotated

from fastapi import Path

from api.campaigns.routes import Holder
from api.contacts.access import Holder as Reader
from api.http.query_text import QueryText

__all__ = ["Holder", "Reader", "Which"]

Which = Annotated[QueryText, Path(max_length=100, description="The id of a source, or its key.")]
