"""The form of error responses, and their exception."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from fastapi.responses import JSONResponse

from domain.errors import MAX_SHOWN, FieldError
from domain.text.strict_json import StrictJsonError


class ApiError(Exception):
    """An error response."""

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
    """503: Temporal did not answer, so the request may have been accepted."""


def json_refused(error: StrictJsonError) -> ApiError:
    """400 for invalid JSON, 422 for JSON that we refuse."""
    field = FieldError(error.pointer, error.code, error.message)
    return ApiError(400 if error.is_syntax else 422, error.code, error.message, [field])


def unavailable(what: str, retry_after: float = 1.0) -> ApiError:
    """503: a part is unavailable; ``what`` describes the failure."""
    return ApiError(503, "unavailable", f"{what}: try again", retry_after=retry_after)


def nothing_accepted(why: str) -> ApiError:
    """503: the request can be repeated without sending twice."""
    return unavailable(f"{why}, and nothing was accepted")


def outcome_unknown(uid: UUID) -> OutcomeUnknownError:
    """``uid`` is that of the first message, or of the batch, if it was accepted."""
    message = (
        "Temporal did not answer in time, so this may have been accepted: repeat it with the same Idempotency-Key; "
        f"if it had none, check whether there is {uid} before you send it again"
    )
    return OutcomeUnknownError(503, "outcome_unknown", message, retry_after=1.0)


def error_response(error: ApiError) -> JSONResponse:
    """The HTTP response of an error."""
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
