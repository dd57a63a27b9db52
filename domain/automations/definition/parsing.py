"""Reads a definition, and points to everything that is wrong with it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from domain.automations.checks.members import check_members
from domain.automations.checks.order import check_order
from domain.automations.checks.outline import outline
from domain.automations.checks.texts import check_texts
from domain.automations.definition.flow import Flow
from domain.automations.definition.limits import MAX_BYTES, MAX_JSON_DEPTH
from domain.automations.shapes.flow import FLOW
from domain.automations.shapes.notes import Notes
from domain.errors import FieldError, invalid
from domain.text.strict_json import StrictJsonError, loads

_TOO_LARGE = f"a definition has at most {MAX_BYTES // 1024} kB"


def parse_flow(raw: Any) -> Flow:
    """The automation that a JSON value defines.

    Raises:
        InvalidError: it defines none; ``fields`` has all faults, each with its pointer.
    """
    flow, faults = read_flow(raw)
    if flow is None:
        raise invalid(faults)
    return flow


def parse_text(text: bytes) -> Flow:
    """The automation that a JSON document defines; raises as ``parse_flow``."""
    flow, faults = read_text(text)
    if flow is None:
        raise invalid(faults)
    return flow


def read_text(text: bytes) -> tuple[Flow | None, list[FieldError]]:
    """As ``read_flow``, of a document: members that are given twice are faults, too."""
    if len(text) > MAX_BYTES:
        return None, [FieldError("", "flow_size", _TOO_LARGE)]
    try:
        raw = loads(text, max_depth=MAX_JSON_DEPTH)
    except StrictJsonError as error:
        return None, [FieldError(error.pointer, error.code, error.message)]
    return read_flow(raw)


def read_flow(raw: Any) -> tuple[Flow | None, list[FieldError]]:
    """The automation and its faults; it is ``None`` if there are any."""
    if (fault := _measure(raw)) is not None:
        return None, [fault]
    notes = Notes()
    flow = FLOW.read(raw, "", notes)
    if isinstance(raw, Mapping):
        steps = outline(raw)
        if check_members(raw, steps, notes):
            check_order(steps, notes)
    check_texts(notes)
    if notes.errors or flow is None:
        return None, notes.errors
    return replace(flow, source=raw), []


def _measure(raw: Any) -> FieldError | None:
    """The fault of a value that is no JSON, or too large to look at."""
    try:
        size = len(orjson.dumps(raw))
    except TypeError:  # the library's own errors included
        words = f"JSON, nested at most {MAX_JSON_DEPTH} deep, of texts and numbers that can be stored"
        return FieldError("", "flow_json", words)
    return FieldError("", "flow_size", _TOO_LARGE) if size > MAX_BYTES else None
