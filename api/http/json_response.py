"""JSON responses: encoded once, without response validation."""

from typing import Any

import orjson
from fastapi import Response


def json_response(value: Any, status: int = 200) -> Response:
    """A value of plain types, dates and UUIDs; times are written in UTC with a ``Z``."""
    return Response(orjson.dumps(value, option=orjson.OPT_UTC_Z), status, media_type="application/json")
