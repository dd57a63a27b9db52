"""Raw leads that are kept."""

from domain.errors import InvalidError
from domain.keyring import Keyring, KeyringError
from domain.leads.raw import RawLead
from domain.leads.reading.by_kind import read_lead
from store.leads.leads import Lead
from store.leads.sealing import open_lead
from store.leads.sources import Source


def raw_of(keyring: Keyring, source: Source, lead: Lead) -> RawLead | None:
    """What somebody answered; ``None``: it is not kept, or cannot be read."""
    if lead.sealed is None:
        return None
    try:
        return read_lead(source.kind, open_lead(keyring, lead.id, lead.sealed))
    except (InvalidError, KeyringError):
        return None
