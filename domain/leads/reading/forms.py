"""Forms as providers list them, with the names of their questions: answers come under these, and rules name them."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.leads.reading.linkedin import asked
from domain.leads.reading.values import id_of, mapping_of, text_of


def form_of_meta(form: Mapping[str, Any]) -> dict[str, Any]:
    """``id``, ``name``, ``status`` and ``questions`` of ``key`` and ``label``."""
    questions = [(text_of(one.get("key")), text_of(one.get("label"))) for one in _objects(form.get("questions"))]
    return _form(form, "status", questions)


def form_of_linkedin(form: Mapping[str, Any]) -> dict[str, Any]:
    """The same of LinkedIn's."""
    content = mapping_of(form.get("content"))
    questions = [asked(one, id_of(one.get("questionId"))) for one in _objects(content.get("questions"))]
    return _form(form, "state", questions)


def _form(form: Mapping[str, Any], status: str, questions: list[tuple[str | None, str | None]]) -> dict[str, Any]:
    return {
        "id": id_of(form.get("id")),
        "name": text_of(form.get("name")),
        "status": text_of(form.get(status)),
        "questions": [{"key": key, "label": label} for key, label in questions if key],
    }


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    return (one for one in value if isinstance(one, Mapping)) if isinstance(value, list) else iter(())
