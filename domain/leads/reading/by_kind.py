"""Reading leads by the kind of their source."""

from collections.abc import Mapping
from typing import Any

from domain.leads.raw import RawLead
from domain.leads.reading import form, google, linkedin, meta

_READERS = {"meta": meta.read, "google": google.read, "linkedin": linkedin.read, "form": form.read}


def read_lead(kind: str, body: Mapping[str, Any]) -> RawLead:
    """A lead, as a source of this kind gives it.

    Raises:
        InvalidError: it is none.
    """
    return _READERS[kind](body)
