"""The address that a provider reports to, one for each message."""

from urllib.parse import urlsplit, urlunsplit
from uuid import UUID


def with_uid(address: str, uid: UUID) -> str:
    """Add our reference to an address as its query parameter ``uid``, after the query that it has.

    For providers that carry no reference of ours: it comes back in the address that they post to.
    """
    parts = urlsplit(address)
    return urlunsplit(parts._replace(query=f"{parts.query}&uid={uid}" if parts.query else f"uid={uid}"))
