"""What is wrong with a value is said in plain words, not in those of a library."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AfterValidator, AwareDatetime, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from domain.validation.sentences import in_words


def _refused(value: str) -> str:
    raise ValueError("must be a host name")


def _ours(value: str) -> str:
    raise PydanticCustomError("missing", "give 'html' or 'text'")


def _short(value: str) -> str:
    raise PydanticCustomError("string_too_long", "a number has fewer characters")


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (Annotated[str, Field(min_length=1)], "", "must not be empty"),
        (Annotated[str, Field(min_length=3)], "", "write at least 3 characters"),
        (Annotated[str, Field(max_length=2)], "abc", "write at most 2 characters"),
        (Annotated[str, Field(pattern="^[a-z]$")], "A", "must fit the pattern ^[a-z]$"),
        (str, 1, "must be text"),
        (int, "1.5", "must be a whole number"),
        (int, 1.5, "must be a whole number"),
        (Annotated[int, Field(ge=1)], 0, "must be at least 1"),
        (Annotated[float, Field(lt=2)], 2, "must be less than 2.0"),
        (Annotated[Decimal, Field(decimal_places=2)], "1.234", "write at most 2 digits after the point"),
        (bool, "perhaps", "must be true or false"),
        (Literal["a", "b", "c"], "d", "must be one of 'a', 'b', 'c'"),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "give at most 1"),
        (dict[str, int], [], "must be a JSON object"),
        (datetime, "tomorrow", "write a time as in 2026-11-28T09:30:00Z"),
        (AwareDatetime, "2026-11-28T09:30:00", "write the time with its offset, as in 2026-11-28T09:30:00Z"),
        (date, "tomorrow", "write a day as in 2026-11-28"),
        (UUID, "1", "must be a UUID"),
        (Annotated[str, AfterValidator(_refused)], "x", "must be a host name"),
        (Annotated[str, AfterValidator(_ours)], "x", "give 'html' or 'text'"),
        (Annotated[str, AfterValidator(_short)], "x", "a number has fewer characters"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(kind: Any, value: Any, said: str):
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(value)
    assert [in_words(one) for one in refused.value.errors(include_url=False, include_input=False)] == [said]
