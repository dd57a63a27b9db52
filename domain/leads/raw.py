"""A lead as its provider gives it, in one form for all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answered to a question of the form."""

    name: str
    """The form's key: ``email``, ``what_is_your_budget``."""
    label: str | None
    """The question as people read it, if the provider gives it."""
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Disclaimer:
    """A box of the form that people tick to consent."""

    key: str
    label: str | None
    is_checked: bool


@dataclass(frozen=True, slots=True)
class RawLead:
    """A lead before its answers were mapped."""

    id: str
    """The provider's id, always text."""
    created_at: datetime | None
    """The provider's time, in UTC."""
    form_id: str | None
    answers: tuple[Answer, ...]
    disclaimers: tuple[Disclaimer, ...]
    about: Mapping[str, str]
    """What is not personal: ``campaign_id``, ``ad_name``, ``platform``, ``gcl_id`` …"""
    is_test: bool
