"""The one place where errors become HTTP answers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from temporalio.service import RPCError

from domain.errors import (
    ConflictError,
    ForbiddenError,
    InsufficientCreditError,
    InvalidError,
    NotFoundError,
    XsenderError,
)
from domain.strict_json import StrictJsonError
from store.pool import AWAY

log = structlog.get_logger()

MAX_SHOWN = 100
"""The most errors that one answer lists."""

_STATUS: dict[type[XsenderError], int] = {
    InsufficientCreditError: 402,
    ForbiddenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    InvalidError: 422,
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong at one place of a request body (``pointer``: RFC 6901)."""

    pointer: str
    code: str
    message: str


class ApiError(Exception):
    """An answer other than success, ready to be sent."""

    def __init__(
        self, status: int, code: str, message: str, errors: Sequence[FieldError] = (), retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = list(errors)
        self.retry_after = retry_after


def invalid(errors: Sequence[FieldError]) -> ApiError:
    """422 for a body with these errors."""
    count = len(errors)
    first = errors[0]
    more = f" (and {count - 1} more)" if count > 1 else ""
    return ApiError(422, "invalid", f"{first.pointer}: {first.message}{more}", errors)


def envelope(message: str, errors: Sequence[FieldError]) -> dict[str, Any]:
    """The body of every error answer."""
    listed = [{"pointer": e.pointer, "code": e.code, "message": e.message} for e in errors[:MAX_SHOWN]]
    return {"success": False, "message": message, "errors": listed}


def error_response(error: ApiError) -> JSONResponse:
    """The HTTP answer of an error; what has no field error still names its code."""
    errors = error.errors or [FieldError("", error.code, error.message)]
    headers = {} if error.retry_after is None else {"Retry-After": str(max(1, math.ceil(error.retry_after)))}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="xsender"'
    return JSONResponse(envelope(error.message, errors), error.status, headers)


def install_error_handlers(app: FastAPI) -> None:
    """Map every error that a route can raise."""

    @app.exception_handler(ApiError)
    async def _api(_: Request, error: ApiError) -> JSONResponse:
        return error_response(error)

    @app.exception_handler(StrictJsonError)
    async def _json(_: Request, error: StrictJsonError) -> JSONResponse:
        status = 400 if error.is_syntax else 422
        field = FieldError(error.pointer, error.code, error.message)
        return error_response(ApiError(status, error.code, error.message, [field]))

    @app.exception_handler(XsenderError)
    async def _ours(_: Request, error: XsenderError) -> JSONResponse:
        status = next(code for kind, code in _STATUS.items() if isinstance(error, kind))
        pointer = error.pointer if isinstance(error, InvalidError) else ""
        field = FieldError(pointer, error.code, error.message)
        return error_response(ApiError(status, error.code, error.message, [field]))

    @app.exception_handler(HTTPException)
    async def _framework(_: Request, error: HTTPException) -> JSONResponse:
        message = {404: "there is nothing at this address", 405: "this address does not know that method"}
        text = message.get(error.status_code, str(error.detail))
        answer = error_response(ApiError(error.status_code, f"http_{error.status_code}", text))
        answer.headers.update(error.headers or {})
        return answer

    async def _away(_: Request, error: Exception) -> JSONResponse:
        part = "Temporal" if isinstance(error, RPCError) else "the database"
        log.warning("a part is away", part=part, error=type(error).__name__)
        return error_response(ApiError(503, "unavailable", f"{part} does not answer: try again", retry_after=1))

    for kind in (*AWAY, RPCError):
        app.add_exception_handler(kind, _away)

    @app.exception_handler(Exception)
    async def _bug(_: Request, error: Exception) -> JSONResponse:
        log.error("unhandled error", exc_info=error)
        return error_response(ApiError(500, "internal", "an error of ours: it was logged"))
