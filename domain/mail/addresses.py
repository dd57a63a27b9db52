"""Parts of mailboxes that were normalised before."""


def domain_of(address: str) -> str:
    """The domain of a mailbox."""
    return address.rpartition("@")[2]
