"""The parameters of a statement: no text of a tenant is ever part of SQL."""

from typing import Any

from psycopg.types.json import Jsonb


class Parameters:
    """Collects values, and gives the place-holder for each."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def add(self, value: Any, kind: str = "text") -> str:
        """A place-holder for a value of this type of PostgreSQL."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"%({name})s::{kind}"

    def json(self, value: Any) -> str:
        """A place-holder for a JSON value."""
        return self.add(Jsonb(value), "jsonb")
