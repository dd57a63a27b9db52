"""Who keeps an object, as answers say it."""

from typing import Annotated, Literal

from pydantic import Field

ManagedBy = Annotated[
    Literal["file"] | None, Field(description="`file`: it is kept by a settings file; other changes of it are drift.")
]


def managed_by(is_in_file: bool) -> str | None:
    """As answers have it."""
    return "file" if is_in_file else None
