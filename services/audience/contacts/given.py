"""A contact as it is given: the body of requests, and the argument of commands."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictStr, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from domain.audience.contacts.contact import MOST_FIELDS
from domain.errors import FieldError, invalid, pointer
from domain.validation.sentences import in_words

_LONGEST_NUMBER = 100


def _as_number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise PydanticCustomError("number_type", "write the number as text, such as +14155550123")
    if isinstance(value, str) and len(value) > _LONGEST_NUMBER:
        raise PydanticCustomError("string_too_long", "a number has fewer characters")
    return value


_Text = Annotated[StrictStr, Field(max_length=1000)]
_Number = Annotated[
    Any,
    BeforeValidator(_as_number),
    WithJsonSchema({"anyOf": [{"type": "string", "maxLength": _LONGEST_NUMBER}, {"type": "integer"}]}),
]
_Words = Annotated[list[_Text], Field(max_length=1000)]


class PutContact(BaseModel):
    """A contact. What is left out stays as it is, `null` removes a value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    email: _Text | None = Field(None, examples=["ada@example.com"])
    phone: _Number | None = Field(
        None,
        description="As in send requests. Without a country code: as dialled in `country`, else where the account is.",
    )
    whatsapp: _Number | None = Field(None, description="Where it is not that of `phone`.")
    first_name: _Text | None = None
    last_name: _Text | None = None
    language: _Text | None = Field(None, description="BCP 47.", examples=["pt-BR"])
    country: _Text | None = Field(None, description="ISO 3166, two letters.", examples=["BR"])
    time_zone: _Text | None = Field(None, description="IANA.", examples=["America/Sao_Paulo"])
    fields: Annotated[dict[str, Any], Field(max_length=MOST_FIELDS)] | None = Field(
        None, description="Custom fields by their keys; those that are left out stay, `null` removes one."
    )
    tags: _Words | None = Field(None, description="All of them.")
    groups: _Words | None = Field(None, description="All of them, by their keys.")


class ContactBody(PutContact):
    """A contact. What is left out stays as it is, `null` removes a value."""

    external_id: _Text | None = Field(None, description="Your own id of the person.", examples=["crm-17"])


def read_contact(value: Any) -> dict[str, Any]:
    """What is given, by the names of values.

    Raises:
        InvalidError: it is no object, or has members that are none of a contact.
    """
    try:
        return ContactBody.model_validate(value).model_dump(exclude_unset=True)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise invalid([_fault(each["loc"], each["type"], in_words(each)) for each in found]) from None


def _fault(loc: tuple[int | str, ...], code: str, message: str) -> FieldError:
    if code == "model_type":
        return FieldError(pointer(*loc), "object_type", "must be a JSON object")
    return FieldError(pointer(*(step for step in loc if step != "[key]")), code, message)
