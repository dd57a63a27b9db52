"""Leads of any form: objects, flat or nested, and lists of questions with answers.

Known are the bodies of Typeform, Tally, Webflow, Elementor, HubSpot and the form plugins of WordPress; others are read
by what they look like.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from domain.leads.raw import RawLead
from domain.leads.reading.values import Answers, about_of, id_of, mapping_of, moment_of, name_of, text_of, texts_of

_MOST_DEPTH = 8
"""Objects and lists within each other. What is deeper is left out."""
_MOST_ENTRIES = 5_000
"""Values that are looked at."""
_ENVELOPES = frozenset({"answers", "data", "fields", "form_data", "form_fields", "form_response", "hidden", "payload"})
"""Objects around the answers: names do not begin with theirs."""
_NOT_ASKED = frozenset({"context", "definition", "form", "meta", "metadata"})
"""Objects beside the answers."""
_TECHNICAL = frozenset({"cf-turnstile-response", "g-recaptcha-response", "h-captcha-response"})
"""Fields that prove that no robot sent the form. Names that begin with ``_`` are technical, too."""
_LEAD_IDS = ("submission_id", "submissionId", "submissionID", "response_id", "responseId", "lead_id", "leadId")
_FORM_IDS = ("form_id", "formId", "formID")
_FORM_NAMES = ("form_name", "formName")
_TIMES = ("submitted_at", "submittedAt", "created_at", "createdAt", "created_time", "date_created")
_LEFT_OUT = frozenset({*_TECHNICAL, *_LEAD_IDS, *_FORM_IDS, *_FORM_NAMES, *_TIMES})
_ABOUT = {
    "utm_source": "utm_source",
    "utm_medium": "utm_medium",
    "utm_campaign": "campaign_name",
    "utm_term": "utm_term",
    "utm_content": "utm_content",
    "gclid": "gcl_id",
}
_NAMES = ("key", "name", "ref", "id")
_LABELS = ("label", "title", "question")
_VALUES = ("value", "answer", "values")
_CHOICES = ("labels", "label", "text", "value", "name", "url")
"""Of an object that is chosen or uploaded, what people read of it."""

_Path = tuple[str, ...]


def read(body: Mapping[str, Any]) -> RawLead:
    """A JSON body, or a form that was unfolded into objects.

    Names of nested values have dots between: ``address.city``. ``id`` is empty unless the sender gives one, by a name
    that is usual for that. Boxes are answers: a rule says which of them is a consent.
    """
    reading = _Reading(body)
    for path, place in _places(body):
        reading.walk(path, place)
    answers = reading.answers.found()
    said = {one.name: one.values[0] for one in answers if one.values}
    about = about_of(said, _ABOUT) | _form(body)
    return RawLead(_lead_id(body), _time(body), _form_id(body), answers, (), about, is_test=False)


def _places(body: Mapping[str, Any]) -> Iterator[tuple[_Path, Any]]:
    """Where the answers are. Senders whose bodies are known put other things around them, such as the form's name."""
    response, payload = body.get("form_response"), mapping_of(body.get("payload"))
    if isinstance(response, Mapping):  # Typeform
        yield ("answers",), response.get("answers")
        yield ("hidden",), response.get("hidden")
    elif isinstance(payload.get("data"), Mapping):  # Webflow
        yield ("data",), payload["data"]
    elif isinstance(fields := mapping_of(body.get("data")).get("fields"), list):  # Tally
        yield ("fields",), fields
    else:
        yield (), body


class _Reading:
    """Finds the answers of one body."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.answers = Answers()
        self._left = _MOST_ENTRIES
        definition = mapping_of(mapping_of(body.get("form_response")).get("definition"))
        self._titles = dict(_texts_by_id(definition.get("fields"), "title"))

    def walk(self, path: _Path, value: Any) -> None:
        """Read what stands at a place."""
        self._left -= 1
        if self._left < 0 or len(path) > _MOST_DEPTH:
            return
        if isinstance(value, Mapping):
            self._walk_object(path, value)
        elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
            for number, one in enumerate(value):
                if isinstance(one, Mapping) and _is_question(one):
                    self._add_question(path, one)
                else:
                    self.walk((*path, str(number)), one)
        elif path:
            self.answers.add(_dotted(path), None, _texts(value))

    def _walk_object(self, path: _Path, value: Mapping[str, Any]) -> None:
        if path and "value" in value and any(key in value for key in _LABELS):  # Elementor's: its key is its name
            self._add(path, _first(value, _LABELS), value, value["value"])
            return
        is_around = all(step in _ENVELOPES for step in path)
        for key, inner in value.items():
            if not (is_around and _is_left_out(key, inner)):
                self.walk((*path, key), inner)

    def _add_question(self, path: _Path, item: Mapping[str, Any]) -> None:
        field = mapping_of(item.get("field"))
        name = _first(item, _NAMES) or _first(field, ("ref", "id"))
        label = _first(item, _LABELS) or self._titles.get(name_of(field.get("id")) or "")
        self._add((*path[:-1], name or label or path[-1]), label, item, _said(item))

    def _add(self, path: _Path, label: str | None, item: Mapping[str, Any], said: Any) -> None:
        options = dict(_texts_by_id(item.get("options"), "text"))
        values = [options.get(text, text) for text in _texts(said)]
        if isinstance(said, Mapping) and not values:
            for key, inner in said.items():
                self.walk((*path, key), inner)
        else:
            self.answers.add(_dotted(path), label, values)


def _is_left_out(key: str, value: Any) -> bool:
    return key in _LEFT_OUT or key.startswith("_") or (key in _NOT_ASKED and isinstance(value, Mapping | list))


def _is_question(item: Mapping[str, Any]) -> bool:
    """Whether an object of a list is a question with its answer."""
    is_named = any(key in item for key in (*_NAMES, *_LABELS, "field"))
    return is_named and (any(key in item for key in _VALUES) or _has_type(item) or _is_said_in_text(item))


def _has_type(item: Mapping[str, Any]) -> bool:
    """Typeform's: what was answered stands under the name of its type."""
    return isinstance(item.get("type"), str) and isinstance(item.get("field"), Mapping)


def _is_said_in_text(item: Mapping[str, Any]) -> bool:
    """``text`` is the answer only where there is nothing but the question: it may be any field of another thing."""
    return "text" in item and item.keys() <= {*_NAMES, *_LABELS, "text", "type"}


def _said(item: Mapping[str, Any]) -> Any:
    if _has_type(item):
        return item.get(item["type"])
    return next((item[key] for key in (*_VALUES, "text") if key in item), None)


def _texts(value: Any) -> Iterator[str]:
    """The texts of an answer; of what was chosen or uploaded, what people read."""
    for one in value if isinstance(value, list) else (value,):
        if isinstance(one, Mapping):
            yield from texts_of(next((one[key] for key in _CHOICES if key in one), None))
        elif text := text_of(one):
            yield text


def _texts_by_id(items: Any, key: str) -> Iterator[tuple[str, str]]:
    for one in items if isinstance(items, list) else ():
        name, text = (name_of(one.get("id")), name_of(one.get(key))) if isinstance(one, Mapping) else (None, None)
        if name and text:
            yield name, text


def _dotted(path: _Path) -> str:
    first = next((place for place, step in enumerate(path[:-1]) if step not in _ENVELOPES), len(path) - 1)
    return ".".join(path[first:])


def _first(item: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    return next((text for key in keys if (text := name_of(item.get(key)))), None)


def _given(body: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[Any]:
    """What senders say of the lead or the form: around the answers, or at the top."""
    for holder in (*(mapping_of(body.get(key)) for key in ("form_response", "data", "payload")), body):
        yield from (holder[key] for key in keys if key in holder)


def _lead_id(body: Mapping[str, Any]) -> str:
    """No plain ``id``: many forms send their own one, the same for all who fill them in; all leads but one would be
    lost."""
    response, payload = mapping_of(body.get("form_response")), mapping_of(body.get("payload"))
    known = (response.get("token"), payload.get("id") if isinstance(payload.get("data"), Mapping) else None)
    return next((found for value in (*known, *_given(body, _LEAD_IDS)) if (found := id_of(value))), "")


def _form_id(body: Mapping[str, Any]) -> str | None:
    given = (*_given(body, _FORM_IDS), mapping_of(body.get("form")).get("id"))
    return next((found for value in given if (found := id_of(value))), None)


def _form(body: Mapping[str, Any]) -> dict[str, str]:
    given = (*_given(body, _FORM_NAMES), mapping_of(body.get("form")).get("name"))
    name = next((found for value in given if (found := name_of(value))), None)
    return {"form_name": name} if name else {}


def _time(body: Mapping[str, Any]) -> datetime | None:
    return next((found for value in _given(body, _TIMES) if (found := moment_of(value))), None)
