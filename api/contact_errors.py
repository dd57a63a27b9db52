"""What is wrong with one contact of a request."""

from api.body import pointer
from api.errors import FieldError


class ContactError(ValueError):
    """``field`` leads to the place in the contact, with dots between its steps; empty: the whole contact."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.code = code
        self.message = message

    def within(self, path: str) -> "ContactError":
        """The same, for a contact that stands inside another one."""
        return ContactError(".".join(filter(None, (path, self.field))), self.code, self.message)

    def at(self, index: int) -> FieldError:
        """The error of the contact with this index."""
        path = self.field.split(".") if self.field else []
        return FieldError(pointer("contact", index, *path), self.code, self.message)
