"""What belongs to the page that is being rendered: filters need it, also within macros, which see no other values."""

from contextvars import ContextVar

from panel.rendering.formats import Formats

formats: ContextVar[Formats] = ContextVar("formats")
form_token: ContextVar[str] = ContextVar("form_token")
"""The token that forms of the page carry."""
