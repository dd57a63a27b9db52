"""Leads of Google Ads, as its webhook posts them (developers.google.com/google-ads/webhook/docs/implementation)."""

from collections.abc import Mapping
from typing import Any

from domain.leads.raw import RawLead
from domain.leads.reading.values import (
    Answers,
    about_of,
    id_of,
    is_true,
    lead_id,
    moment_of,
    objects_of,
    texts_of,
)

ABOUT = {
    name: name
    for name in (
        "adgroup_id",
        "asset_group_id",
        "campaign_id",
        "campaign_name",
        "creative_id",
        "gcl_id",
        "lead_source",
        "lead_stage",
    )
}


def read(body: Mapping[str, Any]) -> RawLead:
    """The body of the webhook. Questions of one's own have their text as ``column_id``.

    Raises:
        InvalidError: it has no id, or a list is none.
    """
    answers = Answers()
    for one in objects_of(body, "user_column_data"):
        answers.add(one.get("column_id"), one.get("column_name"), texts_of(one.get("string_value")))
    return RawLead(
        lead_id(body, "lead_id"),
        moment_of(body.get("lead_submit_time")),
        id_of(body.get("form_id")),
        answers.found(),
        (),
        about_of(body, ABOUT),
        is_true(body.get("is_test")),
    )
