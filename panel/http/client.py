"""The API, called in this process, as whoever views a page.

A page asks what any program could ask, and shows what it is answered: rules, permissions and errors are the API's alone
(decision 0062). Nothing passes over a socket.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.requests.middleware import IN_PROCESS, UNATTENDED
from panel.rendering.api_texts import Words, as_sentence

Query = Mapping[str, Any]
_PIECE = 256 * 1024
"""Bytes of a file that are sent at once."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answered."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    _parsed: list[Any] = field(default_factory=list)

    @property
    def json(self) -> Any:
        """The whole body."""
        if not self._parsed:
            self._parsed.append(orjson.loads(self.body))
        return self._parsed[0]

    @property
    def data(self) -> Any:
        """The object, or the list, that it is about."""
        return self.json["data"]

    def values(self, name: bytes) -> list[bytes]:
        """Of a header, by its name in lower case."""
        return [value for key, value in self.headers if key.lower() == name]


class Refused(Exception):
    """The API answered with an error."""

    def __init__(self, answer: Answer, words: Words = as_sentence) -> None:
        """``words``: what the API says, in another language."""
        self.status = answer.status
        try:
            told = answer.json
            self.message: str = words(told["message"])
            self.errors: list[dict[str, str]] = [{**one, "message": words(one["message"])} for one in told["errors"]]
        except (orjson.JSONDecodeError, KeyError, TypeError):  # of the framework, or of a part that answers no JSON
            self.message, self.errors = "", []
        retry = answer.values(b"retry-after")
        self.retry_after = int(retry[0]) if retry and retry[0].isdigit() else None
        super().__init__(f"{answer.status} {self.message}")

    @property
    def code(self) -> str:
        """For programs."""
        return self.errors[0]["code"] if self.errors else f"http_{self.status}"

    def at(self, pointer: str) -> str | None:
        """What is wrong at a place of the body."""
        return next((error["message"] for error in self.errors if error["pointer"] == pointer), None)


class ConfirmationNeeded(Exception):
    """Whoever has logged in a while ago must type the password again first. No page handles this itself."""


def _refusal(answer: Answer, words: Words) -> Exception:
    refused = Refused(answer, words)
    return ConfirmationNeeded() if refused.code == "confirmation_needed" else refused


class Api:
    """The API as one person sees it; with another ``token``, as somebody else does."""

    def __init__(
        self, app: ASGIApp, request: Request, token: str | None, *, attended: bool = True, words: Words = as_sentence
    ) -> None:
        """``attended``: somebody waits for the answer; otherwise an open page looks whether something has changed.

        ``words``: what its errors say, in another language.
        """
        self._app = app
        self._request = request
        self._token = token
        self._attended = attended
        self._words = words

    def acting(self, token: str | None) -> "Api":
        """The same for another session."""
        return Api(self._app, self._request, token, attended=self._attended, words=self._words)

    def unattended(self) -> "Api":
        """The same for a page that looks by itself."""
        return Api(self._app, self._request, self._token, attended=False, words=self._words)

    async def get(self, path: str, query: Query | None = None) -> Any:
        """What is at this address; values of ``None`` and "" are left out of the query.

        Raises:
            Refused: the answer is an error.
        """
        return (await self.call("GET", path, query=query)).json

    async def send(self, method: str, path: str, body: Any = None, query: Query | None = None) -> Any:
        """Change something. ``None`` as the result: the answer has no body.

        Raises:
            Refused: the answer is an error.
        """
        answer = await self.call(method, path, body, query)
        return answer.json if answer.body else None

    async def upload(self, path: str, file: UploadFile, query: Query | None = None) -> Any:
        """Send a file that somebody chose, piece by piece, as the body.

        Raises:
            Refused: the answer is an error.
        """
        scope = self._scope("POST", path, query, b"application/octet-stream")
        answer = await self._exchange(scope, _pieces(file), file.size or 0)
        if answer.status >= 400:
            raise _refusal(answer, self._words)
        return answer.json

    async def call(self, method: str, path: str, body: Any = None, query: Query | None = None) -> Answer:
        """The whole answer.

        Raises:
            Refused: it is an error.
        """
        raw = b"" if body is None else orjson.dumps(body)
        answer = await self._exchange(self._scope(method, path, query), _whole(raw), len(raw))
        if answer.status >= 400:
            raise _refusal(answer, self._words)
        return answer

    async def relay(self, path: str, receive: Receive, send: Send) -> None:
        """Have what is at this address sent to somebody else as it comes."""
        scope = self._scope("GET", path, None)
        scope["headers"].append((b"content-length", b"0"))
        await self._app(scope, receive, send)

    def _scope(self, method: str, path: str, query: Query | None, media_type: bytes = b"application/json") -> Scope:
        given = {key: value for key, value in (query or {}).items() if value not in (None, "")}
        ours = self._request.scope
        headers = [(b"content-type", media_type)]
        headers += [pair for pair in ours["headers"] if pair[0] in (b"host", b"user-agent")]
        if self._token:
            headers.append((b"authorization", b"Bearer " + self._token.encode()))
        return {
            "type": "http",
            "asgi": ours["asgi"],
            "http_version": "1.1",
            "method": method,
            "scheme": ours["scheme"],
            "path": path,
            "raw_path": path.encode(),
            "query_string": urlencode(given, doseq=True).encode(),
            "root_path": "",
            "headers": headers,
            "client": ours["client"],
            "server": ours["server"],
            "state": dict(ours.get("state", {})),
            IN_PROCESS: "panel" if self._attended else UNATTENDED,
        }

    async def _exchange(self, scope: Scope, body: AsyncIterator[bytes], length: int) -> Answer:
        scope["headers"].append((b"content-length", str(length).encode()))
        is_whole = False
        status, headers, parts = 500, [], list[bytes]()

        async def receive() -> Message:
            nonlocal is_whole
            if is_whole:
                await asyncio.Event().wait()  # nobody disconnects before the answer
            piece = await anext(body, b"")
            is_whole = not piece
            return {"type": "http.request", "body": piece, "more_body": bool(piece)}

        async def send(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message.get("headers", ()))
            else:
                parts.append(message.get("body", b""))

        await self._app(scope, receive, send)
        return Answer(status, headers, b"".join(parts))


async def _whole(body: bytes) -> AsyncIterator[bytes]:
    if body:
        yield body


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(_PIECE):
        yield piece
