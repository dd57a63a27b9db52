"""Rows of the files of leads that Meta and Google let people download, as bodies that their readers read.

A lead has the same id in the file as by its webhook, so that nobody is taken twice.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from domain.errors import InvalidError
from domain.leads.reading import google, meta

_META: Mapping[str, str] = {name: name for name in ("id", "created_time", "form_id", *meta.ABOUT)} | {
    "lead_id": "id",
    "leadgen_id": "id",
}
_GOOGLE: Mapping[str, str] = {name: name for name in ("lead_id", "form_id", "lead_submit_time", *google.ABOUT)} | {
    "ad_group_id": "adgroup_id",
    "ad_id": "creative_id",
    "campaign": "campaign_name",
    "gclid": "gcl_id",
    "google_click_id": "gcl_id",
    "lead_form_id": "form_id",
    "submission_date": "lead_submit_time",
    "submission_time": "lead_submit_time",
    "submit_time": "lead_submit_time",
    "submitted_at": "lead_submit_time",
}
_KNOWN = {"meta": _META, "google": _GOOGLE}
ID_KEYS: Mapping[str, str] = {"meta": "id", "google": "lead_id"}
"""Where the id of a lead stands in a body."""
_NO_QUESTIONS = frozenset({"inbox_url", "lead_status"})
"""What Meta adds at the end of a row."""
_PARTS = re.compile(r"[\s_\-]+")
_ID_MARK = re.compile("(?:l|f|c|as|ag):(?=[0-9])")
"""Meta writes letters before ids and numbers, so that spreadsheets leave them as they are."""
_NUMBER_MARK = re.compile(r"[pz]:(?=[+0-9(<])")
"""Before phone numbers and postal codes, and the dummies of tests in their place."""
_SHORTENED = re.compile(r"[0-9]([.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)
"""What a spreadsheet makes of a long number: many leads then have the same id."""


def body_of_row(kind: Literal["meta", "google"], headings: Sequence[str], row: Sequence[str]) -> dict[str, Any]:
    """The body of a lead, for the reader of this kind: what is known of leads by its heading, the rest as answers.

    Raises:
        InvalidError: ``lead_id``, a spreadsheet has shortened the id.
    """
    known, id_key = _KNOWN[kind], ID_KEYS[kind]
    body: dict[str, Any] = {}
    answers: list[tuple[str, str]] = []
    for heading, cell in zip(headings, row, strict=False):
        name, value = _name(heading), cell.strip()
        key = known.get(name)
        if key is not None and key not in body:
            if kept := _fact(key, value, id_key):
                body[key] = kept
        elif value and not (kind == "meta" and name in _NO_QUESTIONS):
            answers.append((heading, _NUMBER_MARK.sub("", value, count=1) if kind == "meta" else value))
    return body | (_meta_answers(answers) if kind == "meta" else _google_answers(answers))


def has_ids(kind: Literal["meta", "google"], headings: Sequence[str]) -> bool:
    """Whether a column has the ids of leads."""
    return any(_KNOWN[kind].get(_name(heading)) == ID_KEYS[kind] for heading in headings)


def _name(heading: str) -> str:
    return _PARTS.sub("_", heading.strip().casefold())


def _fact(key: str, value: str, id_key: str) -> str | None:
    if not key.endswith("id"):
        return value
    if not _SHORTENED.fullmatch(value):
        return _ID_MARK.sub("", value, count=1)
    if key == id_key:
        message = "a spreadsheet has shortened the id: import the file as it was downloaded"
        raise InvalidError("lead_id", message, f"/{key}")
    return None


def _meta_answers(answers: list[tuple[str, str]]) -> dict[str, Any]:
    return {"field_data": [{"name": heading, "values": [value]} for heading, value in answers]}


def _google_answers(answers: list[tuple[str, str]]) -> dict[str, Any]:
    return {"user_column_data": [{"column_id": heading, "string_value": value} for heading, value in answers]}
