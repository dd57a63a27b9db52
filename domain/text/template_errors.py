"""Errors of a template, or of the fields that it is filled from."""


class InvalidTemplate(ValueError):
    """A text that is not a valid template, or that the fields do not fit; the message states why."""


class TemplateTooHeavy(ValueError):
    """A template that takes too much time or memory to render."""


class MissingField(ValueError):
    """A field that the template prints, and that is missing, ``null`` or empty.

    ``name`` is written as in the template, such as ``order.city``.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no {name!r}")
        self.name = name
