"""Errors of one contact of a request."""

from collections.abc import Sequence

from domain.errors import FieldError, pointer


class ContactError(ValueError):
    """``field`` is the path in the contact, as a sequence or dotted; empty: the whole contact."""

    def __init__(self, field: str | Sequence[str | int], code: str, message: str) -> None:
        super().__init__(message)
        self.path: Sequence[str | int] = field.split(".") if isinstance(field, str) and field else field
        self.code = code
        self.message = message

    is_skipped = False
    """Whether only this contact gets no message; else the request is refused."""

    def within(self, *path: str | int) -> "ContactError":
        """The same, for a contact that is nested in another one."""
        return ContactError([*path, *self.path], self.code, self.message)

    def at(self, index: int) -> FieldError:
        """The error of the contact with this index."""
        return FieldError(pointer("contact", index, *self.path), self.code, self.message)


class SkippedContact(ContactError):
    """The contact lacks a variable of a template that skips such contacts."""

    is_skipped = True
