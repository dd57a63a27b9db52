"""Text in a query string that reaches the database."""

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from domain.json_faults import UNSTORABLE


def _storable(text: str) -> str:
    if UNSTORABLE.search(text):
        raise PydanticCustomError("query_text", "text must not hold NUL or half a surrogate pair")
    return text


QueryText = Annotated[str, AfterValidator(_storable)]
"""For each parameter that is compared or stored as it was given: what JSON may not hold, it may not hold either."""
