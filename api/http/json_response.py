"""JSON responses: encoded once, without response validation."""

from typing import Any

import orjson
from fastapi import Response


def json_response(value: Any) -> Response:
    """200 with a value of plain types, dates and UUIDs; times are written in UTC with a ``Z``."""
    return Response(orjson.dumps(value, option=orjson.OPT_UTC_Z), media_type="application/json")
