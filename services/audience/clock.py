"""Times of the day in the settings of an account, as they are given and shown."""

from datetime import time
from typing import Annotated

from pydantic import AfterValidator, StrictStr, WithJsonSchema
from pydantic_core import PydanticCustomError


def _clock(text: str) -> str:
    try:
        if len(text) != len("09:00"):
            raise ValueError
        return time.fromisoformat(text).isoformat("minutes")
    except ValueError:
        raise PydanticCustomError("clock", "write a time of the day such as 09:00") from None


Clock = Annotated[
    StrictStr, AfterValidator(_clock), WithJsonSchema({"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}$"})
]
