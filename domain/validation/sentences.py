"""What is wrong with a value, in plain words, by the type of error that pydantic names."""

from collections.abc import Mapping
from typing import Any

SENTENCES = {
    "missing": "this is required",
    "extra_forbidden": "there is no such field",
    "none_required": "must be null",
    "bool": "must be true or false",
    "int": "must be a whole number",
    "float": "must be a number",
    "decimal": "must be a number",
    "finite_number": "must be a number",
    "string": "must be text",
    "string_unicode": "must be text in UTF-8",
    "bytes": "must be text",
    "list": "must be a list",
    "tuple": "must be a list",
    "set": "must be a list",
    "frozen_set": "must be a list",
    "dict": "must be a JSON object",
    "mapping": "must be a JSON object",
    "model": "must be a JSON object",
    "dataclass": "must be a JSON object",
    "json": "must be JSON",
    "uuid": "must be a UUID",
    "datetime": "write a time as in 2026-11-28T09:30:00Z",
    "timezone": "write the time with its offset, as in 2026-11-28T09:30:00Z",
    "date": "write a day as in 2026-11-28",
    "time": "write a time of the day as in 09:30",
    "time_delta": "write a length of time",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
    "union_tag_invalid": "{discriminator} must be one of {expected_tags}",
    "union_tag_not_found": "{discriminator} is required",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "decimal_max_digits": "write at most {max_digits} digits",
    "decimal_max_places": "write at most {decimal_places} digits after the point",
    "decimal_whole_digits": "write at most {whole_digits} digits before the point",
    "string_too_short": "write at least {min_length} characters",
    "string_too_long": "write at most {max_length} characters",
    "string_pattern_mismatch": "must fit the pattern {pattern}",
    "too_short": "give at least {min_length}",
    "too_long": "give at most {max_length}",
}
"""By the type, or what its name begins with; numbers come from the error's context."""

EMPTY = "must not be empty"
"""Of a text or list that needs at least one character or member."""


def in_words(error: Mapping[str, Any]) -> str:
    """The sentence for one of the errors that ``ValidationError.errors`` lists, with its context.

    What our own checks say stays as it is.
    """
    name, told = error["type"], error["msg"]
    context = error.get("ctx", {})
    if name in ("value_error", "assertion_error"):
        return str(context["error"]) if "error" in context else told.removeprefix("Value error, ")
    if name == "missing" and told != "Field required":  # a check of ours that uses the same code
        return str(told)
    if name in ("string_too_short", "too_short") and context.get("min_length") == 1:
        return EMPTY
    sentence = _sentence(name)
    try:
        return sentence.format_map(_Listed(context)) if sentence else told
    except KeyError:  # a check of ours that uses pydantic's code, and has none of its numbers
        return str(told)


def _sentence(name: str) -> str:
    """That of the type, else that of the longest beginning of its name: ``int_parsing``, ``int_from_float`` …"""
    while name and name not in SENTENCES:
        name = name.rpartition("_")[0]
    return SENTENCES.get(name, "")


class _Listed(dict[str, Any]):
    """Choices as a list: pydantic writes "'a', 'b' or 'c'"."""

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        return value.replace(" or ", ", ") if name.startswith("expected") and isinstance(value, str) else value
