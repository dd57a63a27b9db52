"""The form of every error answer, and the exception that carries one."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from fastapi.responses import JSONResponse

from domain.errors import MAX_SHOWN, FieldError
from domain.text.strict_json import StrictJsonError


class ApiError(Exception):
    """An answer other than success, ready to be sent."""

    def __init__(
        self, status: int, code: str, message: str, errors: Sequence[FieldError] = (), retry_after: float | None = None
    ) -> None:
        """``errors`` left out: the whole request is wrong. ``retry_after``: seconds."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = list(errors) or [FieldError("", code, message)]
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors pass between processes."""
        return type(self), (self.status, self.code, self.message, self.errors, self.retry_after)


class OutcomeUnknownError(ApiError):
    """503: the request was passed on and no answer came, so it may have been accepted."""


def json_refused(error: StrictJsonError) -> ApiError:
    """400 for what is not JSON, 422 for JSON that we refuse."""
    field = FieldError(error.pointer, error.code, error.message)
    return ApiError(400 if error.is_syntax else 422, error.code, error.message, [field])


def unavailable(what: str, retry_after: float = 1.0) -> ApiError:
    """503: a part is away; ``what`` names it and says what it does not do."""
    return ApiError(503, "unavailable", f"{what}: try again", retry_after=retry_after)


def nothing_accepted(why: str) -> ApiError:
    """503: whoever repeats the request sends it once."""
    return unavailable(f"{why}, and nothing was accepted")


def outcome_unknown(uid: UUID) -> OutcomeUnknownError:
    """``uid`` is what the first message, or the batch, would have."""
    message = (
        "Temporal did not answer in time, so this may have been accepted: repeat it with the same Idempotency-Key; "
        f"if it had none, look whether there is {uid} before you send it again"
    )
    return OutcomeUnknownError(503, "outcome_unknown", message, retry_after=1.0)


def error_response(error: ApiError) -> JSONResponse:
    """The HTTP answer of an error."""
    body: dict[str, Any] = {
        "success": False,
        "message": error.message,
        "errors": [asdict(field) for field in error.errors[:MAX_SHOWN]],
    }
    headers: dict[str, str] = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if error.status == 408:  # the rest of the body is not waited for
        headers["Connection"] = "close"
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="xsender"'
    return JSONResponse(body, error.status, headers)
