"""Leads of Meta's lead ads, as the Graph API gives them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.leads.raw import Answer, Disclaimer, RawLead
from domain.leads.reading.values import (
    MOST_ANSWERS,
    Answers,
    about_of,
    id_of,
    is_true,
    lead_id,
    moment_of,
    name_of,
    objects_of,
    texts_of,
)

ABOUT = {
    name: name
    for name in (
        "ad_id",
        "ad_name",
        "adset_id",
        "adset_name",
        "campaign_id",
        "campaign_name",
        "form_name",
        "is_organic",
        "partner_name",
        "platform",
        "retailer_item_id",
    )
}
_DUMMY = "<test lead:"
"""So begin the values of Meta's tool for tests: ``<test lead: dummy data for full_name>``."""
_DUMMY_ADDRESSES = frozenset({"test@fb.com", "test@meta.com"})
"""What it gives as an e-mail address."""


def read(body: Mapping[str, Any]) -> RawLead:
    """The answer of ``GET /{leadgen_id}?fields=…``.

    Raises:
        InvalidError: it has no id, or a list is none.
    """
    answers = Answers()
    for one in objects_of(body, "field_data"):
        answers.add(one.get("name"), None, texts_of(one.get("values")))
    found = answers.found()
    return RawLead(
        lead_id(body, "id"),
        moment_of(body.get("created_time")),
        id_of(body.get("form_id")),
        found,
        tuple(_disclaimers(body)),
        about_of(body, ABOUT),
        has_dummies(found),
    )


def has_dummies(answers: Sequence[Answer]) -> bool:
    """Whether answers are those of Meta's tool for tests."""
    said = (value.casefold() for one in answers for value in one.values)
    return any(value.startswith(_DUMMY) or value in _DUMMY_ADDRESSES for value in said)


def _disclaimers(body: Mapping[str, Any]) -> Iterator[Disclaimer]:
    """Meta gives the keys of the boxes; their words stand in the form only."""
    for _, one in zip(range(MOST_ANSWERS), objects_of(body, "custom_disclaimer_responses"), strict=False):
        if key := name_of(one.get("checkbox_key")):
            yield Disclaimer(key, None, is_true(one.get("is_checked")))
