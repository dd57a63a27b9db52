"""What somebody entered in a form, as the API takes it, and what was wrong with it."""

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData, UploadFile

from panel.http.client import Refused


class Form:
    """Values by the names of their fields; empty when a page is shown first."""

    def __init__(self, data: FormData | None = None, values: Mapping[str, Any] | None = None) -> None:
        """``values`` are shown where the form has none: what is stored so far."""
        self._data = data or FormData()
        self._values = values or {}
        self.refused: Refused | None = None
        """Why the API did not take it."""
        self.offered: dict[str, list[dict[str, Any]]] = {}
        """Objects that fit what was entered in a field, to choose one of."""

    def text(self, name: str) -> str:
        """A text without space around it; "" if it is not there."""
        value = self._data.get(name, self._values.get(name, ""))
        return value.strip() if isinstance(value, str) else "" if value is None else str(value)

    def raw(self, name: str) -> str:
        """A text as it is, for passwords and bodies; lines end with LF, as browsers send CRLF."""
        value = self._data.get(name, self._values.get(name, ""))
        return value.replace("\r\n", "\n") if isinstance(value, str) else "" if value is None else str(value)

    def words(self, name: str) -> list[str]:
        """Those of a field in which they are separated by commas."""
        return [word.strip() for word in self.text(name).split(",") if word.strip()]

    def many(self, name: str) -> list[str]:
        """All values of a field that may be there several times."""
        if not self._data:
            return list(self._values.get(name) or [])
        return [value for value in self._data.getlist(name) if isinstance(value, str) and value]

    def texts(self) -> dict[str, str]:
        """All that was entered, by the names of the fields; of several of one name the last."""
        return {name: value.strip() for name, value in self._data.items() if isinstance(value, str)}

    def sent(self) -> list[tuple[str, str]]:
        """All that was sent, in order, but for files."""
        return [(name, value) for name, value in self._data.multi_items() if isinstance(value, str)]

    def file(self, name: str) -> UploadFile | None:
        """A file that was chosen."""
        value = self._data.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None

    def flag(self, name: str) -> bool:
        """Whether a box is ticked."""
        return name in self._data if self._data else bool(self._values.get(name))

    def given(self, *names: str) -> dict[str, str]:
        """Those that are not empty."""
        return {name: text for name in names if (text := self.text(name))}

    def error(self, pointer: str) -> str | None:
        """What is wrong at a place of the API's body."""
        return self.refused.at(pointer) if self.refused else None

    @property
    def problem(self) -> str | None:
        """What is wrong, for people: without the places that programs get."""
        if self.refused is None:
            return None
        return "; ".join(dict.fromkeys(error["message"] for error in self.refused.errors)) or self.refused.message


def key_of(name: str, most: int) -> str:
    """A key made of a name: what is no letter or digit becomes a hyphen. ``most``: characters."""
    kept = "".join(character if character.isascii() and character.isalnum() else "-" for character in name.lower())
    return "-".join(part for part in kept.split("-") if part)[:most]
