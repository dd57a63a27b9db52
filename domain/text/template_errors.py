"""What can be wrong with a template, or with the fields that it is to be filled from."""


class InvalidTemplate(ValueError):
    """A text that is no template of ours, or one that the fields do not fit; the message says why."""


class TemplateTooHeavy(ValueError):
    """A template that takes too much time or memory to render."""


class MissingField(ValueError):
    """A field that the template prints, and that is not there, ``null`` or empty.

    ``name`` is written as in the template, such as ``order.city``.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no {name!r}")
        self.name = name
