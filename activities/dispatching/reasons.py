"""Error texts of providers, in a form that the database and a workflow's history can hold."""

REASON_CAP = 500


def storable(text: str) -> str:
    """The text without NUL and lone surrogates, and no longer than ``REASON_CAP`` characters."""
    return text.replace("\0", "").encode(errors="replace").decode()[:REASON_CAP]
