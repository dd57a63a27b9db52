"""Error responses of the HTTP server itself, before a request reaches the application."""

from http import HTTPStatus

from api.http.errors import ApiError, error_response

MAX_HEADER = 32 * 1024
"""Bytes of a request's address, names and values; also of further bytes without progress."""
MAX_FIELDS = 100
"""Header fields of a request."""
HEADER_SECONDS = 10.0
"""For a complete header, from the beginning of the connection on, or from the end of the time to begin."""
LEAST_PIECE = 64
"""Bytes of each piece of a body on the average, beyond the first thousand: each one costs a call."""


def _whole(status: int, code: str, message: str, retry_after: float | None = None) -> bytes:
    """An error response as bytes, the last one of its connection."""
    answer = error_response(ApiError(status, code, message, retry_after=retry_after))
    fields = b"".join(name + b": " + value + b"\r\n" for name, value in answer.raw_headers)
    line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
    return line + fields + b"connection: close\r\n\r\n" + bytes(answer.body)


INVALID = _whole(400, "invalid_http", "this is not HTTP/1.1")
SMALL_PIECES = _whole(400, "chunks_too_small", f"chunks of a body must have {LEAST_PIECE} bytes on the average")
TOO_SLOW = _whole(408, "header_too_slow", f"the header of a request must be complete within {HEADER_SECONDS:g} s")
URL_TOO_LONG = _whole(414, "url_too_long", f"an address and its query may have {MAX_HEADER} bytes")
HEADER_TOO_LARGE = _whole(
    431, "header_too_large", f"the header of a request may have {MAX_HEADER} bytes and {MAX_FIELDS} fields"
)
BUSY = _whole(503, "too_many_connections", "all connections are in use", retry_after=1.0)
