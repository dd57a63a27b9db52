"""Reads the files of simulations: definitions and cases, as commands get them."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from domain.errors import FieldError, InvalidError, invalid, pointer
from domain.text.strict_json import StrictJsonError, loads
from domain.validation.sentences import in_words
from services.automations.simulating.given import MOST_CASES, Case


def read_json(text: bytes) -> Any:
    """JSON of a file.

    Raises:
        InvalidError: it is none.
    """
    try:
        return loads(text)
    except StrictJsonError as error:
        raise InvalidError(error.code, error.message, error.pointer) from None


def read_cases(given: Any) -> list[Case]:
    """A case, or a list of them.

    Raises:
        InvalidError: one of them is none; all faults are named.
    """
    if isinstance(given, list) and not 0 < len(given) <= MOST_CASES:
        raise InvalidError("cases", f"give 1 to {MOST_CASES} cases")
    try:
        return _CASES.validate_python(given) if isinstance(given, list) else [Case.model_validate(given)]
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise invalid([FieldError(pointer(*one["loc"]), one["type"], in_words(one)) for one in found]) from None


_CASES = TypeAdapter(list[Case])
