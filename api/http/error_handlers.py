"""Maps exceptions to HTTP responses."""

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from temporalio.service import RPCError

from api.http.errors import ApiError, error_response, json_refused, unavailable
from api.requests.entry import noted_of
from domain.errors import (
    ConflictError,
    FaultError,
    FieldError,
    ForbiddenError,
    InsufficientCreditError,
    InvalidError,
    LogInError,
    NotFoundError,
    TooSoonError,
    UnavailableError,
    XsenderError,
    invalid,
    pointer,
)
from domain.text.strict_json import StrictJsonError
from domain.validation.sentences import in_words
from store.pool import DB_UNAVAILABLE

log = structlog.get_logger()

_STATUS: dict[type[XsenderError], int] = {
    LogInError: 401,
    InsufficientCreditError: 402,
    ForbiddenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    InvalidError: 422,
    TooSoonError: 429,
    UnavailableError: 503,
}
_FRAMEWORK = {404: "there is nothing at this address", 405: "this address does not know that method"}


def install_error_handlers(app: FastAPI) -> None:
    """Map every error that a route can raise."""
    for expected in (ApiError, StrictJsonError, XsenderError):
        app.exception_handler(expected)(_expected)
    app.exception_handler(RequestValidationError)(_parameters)
    app.exception_handler(HTTPException)(_framework)
    app.exception_handler(ClientDisconnect)(_gone)
    for away in DB_UNAVAILABLE:
        app.exception_handler(away)(_database_away)
    app.exception_handler(RPCError)(_temporal_away)
    app.exception_handler(Exception)(_bug)


async def answer_of(request: Request, error: Exception) -> Response:
    """What an error is answered with, for a route that makes something else of it. A fault is logged as ever."""
    handlers = request.app.exception_handlers
    handler = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
    answer: Response = await handler(request, error)
    return answer


def as_api_error(error: ApiError | StrictJsonError | XsenderError) -> ApiError:
    """What is answered to an error. Faults of ours are raised again: they are logged."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, StrictJsonError):
        return json_refused(error)
    if isinstance(error, FaultError):
        raise error
    status = next(code for kind, code in _STATUS.items() if isinstance(error, kind))
    fields = error.fields if isinstance(error, InvalidError | ConflictError) else ()
    retry_after = error.retry_after if isinstance(error, UnavailableError | TooSoonError) else None
    return ApiError(status, error.code, error.message, fields, retry_after)


async def _expected(request: Request, error: ApiError | StrictJsonError | XsenderError) -> JSONResponse:
    if isinstance(error, FaultError):
        return await _bug(request, error)
    return error_response(as_api_error(error))


async def _parameters(request: Request, error: RequestValidationError) -> JSONResponse:
    """Errors of FastAPI's validation: an invalid path segment or query parameter."""
    for found in error.errors():
        source, name = found["loc"][0], found["loc"][1]
        if source == "path":
            message = f"no {name} {found['input']!r}: {in_words(found)}"
            return error_response(ApiError(404, f"{name}_not_found", message))
    fields = [FieldError(pointer(*found["loc"][1:]), found["type"], in_words(found)) for found in error.errors()]
    return await _expected(request, invalid(fields))


async def _framework(_: Request, error: HTTPException) -> JSONResponse:
    message = _FRAMEWORK.get(error.status_code, str(error.detail))
    answer = error_response(ApiError(error.status_code, f"http_{error.status_code}", message))
    answer.headers.update(error.headers or {})
    return answer


async def _gone(_: Request, __: ClientDisconnect) -> Response:
    """The caller disconnected before its body was complete: nothing was done."""
    return Response(status_code=400)


async def _database_away(request: Request, error: Exception) -> JSONResponse:
    log.warning("the database is unavailable", error=type(error).__name__, request_id=noted_of(request).id)
    return error_response(unavailable("the database does not answer"))


async def _temporal_away(request: Request, error: RPCError) -> JSONResponse:
    log.warning("Temporal does not answer", status=error.status.name, request_id=noted_of(request).id)
    return error_response(unavailable("Temporal does not answer"))


async def _bug(request: Request, error: Exception) -> JSONResponse:
    log.error("unhandled error", exc_info=error, request_id=noted_of(request).id)
    return error_response(ApiError(500, "internal", "internal error; it has been logged"))
