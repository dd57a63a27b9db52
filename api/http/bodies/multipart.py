"""Bodies of the type ``multipart/form-data``: the one file in it, as it comes, or the fields of a small one."""

import re
from collections.abc import AsyncIterator
from email.message import Message

from domain.errors import InvalidError

_MOST_HEADERS = 8 * 1024
_END = b"\r\n\r\n"
_NAME = re.compile(rb'(?:^|;)\s*name=(?:"([^"]*)"|([^\s;"]+))', re.IGNORECASE)


def boundary_of(content_type: str) -> bytes | None:
    """The boundary between the parts of a body; ``None``: it is of another type.

    Raises:
        InvalidError: it names none.
    """
    if not content_type.lower().startswith("multipart/form-data"):
        return None
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_param("boundary")
    if not isinstance(boundary, str) or not 1 <= len(boundary) <= 70 or not boundary.isascii():
        raise _fault("the type of the body names no boundary of up to 70 characters")
    return boundary.encode()


async def file_in(chunks: AsyncIterator[bytes], boundary: bytes) -> AsyncIterator[bytes]:
    """The content of the part that is a file.

    Raises:
        InvalidError: there is none, or more than one; the body ends before its last boundary.
    """
    body = _Body(chunks, b"\r\n--" + boundary)
    async for _ in body.content():  # what stands before the first part
        pass
    has_file = False
    while await body.begins_part():
        if not _is_file(await body.headers()):
            async for _ in body.content():
                pass
            continue
        if has_file:
            raise _fault("send one file in a request")
        has_file = True
        async for piece in body.content():
            yield piece
    if not has_file:
        raise _fault("no part has a file name: send the file as one, such as curl -F file=@people.csv does")


async def fields_in(raw: bytes, boundary: bytes, most: int) -> list[tuple[str, str]]:
    """The names and values of a form, none of which is a file.

    Raises:
        InvalidError: there is a file, or more than ``most`` fields; what is not UTF-8; the body ends before its last
            boundary.
    """
    body = _Body(_whole(raw), b"\r\n--" + boundary)
    async for _ in body.content():
        pass
    found: list[tuple[str, str]] = []
    while await body.begins_part():
        disposition = _disposition(await body.headers())
        value = b"".join([piece async for piece in body.content()])
        if _names_file(disposition):
            raise InvalidError("form_file", "files are not accepted: send the fields alone")
        if len(found) == most:
            raise _fault(f"a form has at most {most} fields")
        found.append((_name_in(disposition), _text(value)))
    return found


async def _whole(raw: bytes) -> AsyncIterator[bytes]:
    yield raw


class _Body:
    """Reads part after part."""

    def __init__(self, chunks: AsyncIterator[bytes], delimiter: bytes) -> None:
        self._chunks = chunks
        self._delimiter = delimiter
        self._held = bytearray(b"\r\n")  # the first boundary may be the first line

    async def content(self) -> AsyncIterator[bytes]:
        """What comes until the next boundary, which is passed."""
        while (at := self._held.find(self._delimiter)) < 0:
            ready = len(self._held) - len(self._delimiter) + 1
            if ready > 0:
                yield bytes(self._held[:ready])
                del self._held[:ready]
            await self._more()
        if at:
            yield bytes(self._held[:at])
        del self._held[: at + len(self._delimiter)]

    async def begins_part(self) -> bool:
        """Whether a part follows the boundary that was passed; else it was the last one."""
        while len(self._held) < 2:
            await self._more()
        return not self._held.startswith(b"--")

    async def headers(self) -> bytes:
        """The headers of a part."""
        while (at := self._held.find(_END)) < 0:
            if len(self._held) > _MOST_HEADERS:
                break
            await self._more()
        if not 0 <= at <= _MOST_HEADERS:
            raise _fault("the headers of a part are too long")
        found = bytes(self._held[:at])
        del self._held[: at + len(_END)]
        return found

    async def _more(self) -> None:
        chunk = await anext(self._chunks, b"")
        if not chunk:
            raise _fault("the body ends before its last boundary")
        self._held += chunk


def _is_file(headers: bytes) -> bool:
    return _names_file(_disposition(headers))


def _names_file(disposition: bytes) -> bool:
    return b"filename" in disposition.lower()


def _disposition(headers: bytes) -> bytes:
    for line in headers.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-disposition":
            return value
    return b""


def _name_in(disposition: bytes) -> str:
    """The name of a field, with quotes and line breaks as browsers write them."""
    named = _NAME.search(disposition)
    if named is None:
        raise _fault("a part has no name")
    name = named[1] if named[1] is not None else named[2]
    return _text(name).replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise _fault("names and values must be UTF-8") from None


def _fault(message: str) -> InvalidError:
    return InvalidError("multipart", message)
