"""Why a page is not shown, besides what the API refuses."""


class ForeignForm(Exception):
    """A form that did not come from a page of this session: an old one, or somebody else's."""


class NotThere(Exception):
    """What the address names is not there, or not any more."""
