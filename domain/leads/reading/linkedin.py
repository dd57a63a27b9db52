"""Leads of LinkedIn, as its Lead Sync API gives them (learn.microsoft.com/linkedin/marketing/lead-sync/leadsync)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from domain.leads.raw import Disclaimer, RawLead
from domain.leads.reading.values import (
    MOST_ANSWERS,
    Answers,
    about_of,
    id_of,
    is_true,
    lead_id,
    mapping_of,
    moment_of,
    name_of,
    objects_of,
    text_of,
    texts_of,
)

_FORM = re.compile("leadGenForm:([0-9]{1,20})")
_NUMBER = re.compile(":([0-9]{1,20})$")
_RESPONSE = "urn:li:leadGenFormResponse:"


def read(body: Mapping[str, Any]) -> RawLead:
    """The answer of ``GET /rest/leadFormResponses/{id}``. Answers name their questions by ids: what these ask is read
    from the ``form``, if the body has it.

    Raises:
        InvalidError: it has no id, or a list is none.
    """
    response, form = mapping_of(body.get("formResponse")), mapping_of(body.get("form"))
    content = mapping_of(form.get("content"))
    questions = _by_id(content, "questions", "questionId")
    answers = Answers()
    for one in objects_of(response, "answers"):
        _add(answers, one, questions.get(id_of(one.get("questionId")) or "", {}))
    for one in objects_of(form, "hiddenFields"):
        answers.add(one.get("name"), None, texts_of(one.get("value")))
    id_ = lead_id(body, "id")
    return RawLead(
        id_.removeprefix(_RESPONSE) or id_,
        moment_of(body.get("submittedAt")),
        _form_id(body, form),
        answers.found(),
        tuple(_disclaimers(response, content)),
        _about(body, form),
        is_true(body.get("testLead")),
    )


def _add(answers: Answers, one: Mapping[str, Any], question: Mapping[str, Any]) -> None:
    name, label = asked(question, id_of(one.get("questionId")))
    answers.add(name, label, _values(one, question))


def asked(question: Mapping[str, Any], number: str | None) -> tuple[str | None, str | None]:
    """The name and the label of a question: LinkedIn's own field, such as ``FIRST_NAME``, else what the form's author
    called it, else its ``number``."""
    name = name_of(question.get("predefinedField")) or name_of(question.get("name"))
    return name or (number and f"question_{number}"), _localized(question.get("question"))


def _values(one: Mapping[str, Any], question: Mapping[str, Any]) -> Iterator[str]:
    details = mapping_of(one.get("answerDetails"))
    yield from texts_of(mapping_of(details.get("textQuestionAnswer")).get("answer"))
    chosen = mapping_of(details.get("multipleChoiceAnswer"))
    asked = mapping_of(mapping_of(question.get("questionDetails")).get("multipleChoiceQuestionDetails"))
    options = _by_id(asked, "options", "id")
    for text in texts_of(chosen.get("options")):
        yield _localized(options.get(text, {}).get("text")) or text


def _disclaimers(response: Mapping[str, Any], content: Mapping[str, Any]) -> Iterator[Disclaimer]:
    boxes = _by_id(mapping_of(content.get("legalInfo")), "consents", "id", "consentId")
    for _, one in zip(range(MOST_ANSWERS), objects_of(response, "consentResponses"), strict=False):
        if key := id_of(one.get("consentId")):
            yield Disclaimer(key, _localized(boxes.get(key, {}).get("consent")), is_true(one.get("accepted")))


def _about(body: Mapping[str, Any], form: Mapping[str, Any]) -> dict[str, str]:
    sponsored = mapping_of(mapping_of(body.get("leadMetadata")).get("sponsoredLeadMetadata"))
    creative = mapping_of(body.get("associatedEntity")).get("associatedCreative")
    ids = {"campaign_id": _number(sponsored.get("campaign")), "creative_id": _number(creative)}
    said = about_of(body, {"leadType": "lead_type"}) | about_of(form, {"name": "form_name"})
    return said | {name: number for name, number in ids.items() if number}


def _form_id(body: Mapping[str, Any], form: Mapping[str, Any]) -> str | None:
    urn = _FORM.search(text_of(body.get("versionedLeadGenFormUrn")) or "")
    return urn[1] if urn else id_of(form.get("id"))


def _number(urn: object) -> str | None:
    found = _NUMBER.search(text_of(urn) or "")
    return found[1] if found else None


def _by_id(holder: Mapping[str, Any], key: str, *names: str) -> dict[str, Mapping[str, Any]]:
    """The objects of a list by their ids, which go by the first of these names that they have."""
    found = {}
    for one in objects_of(holder, key):
        number = next((number for name in names if (number := id_of(one.get(name)))), None)
        if number:
            found[number] = one
    return found


def _localized(value: object) -> str | None:
    """A text, or the first of those in several languages."""
    if isinstance(value, Mapping):
        value = next(iter(mapping_of(value.get("localized")).values()), None)
    return text_of(value)
