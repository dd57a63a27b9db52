"""Files of the API, passed on as they come: none is held in memory."""

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from panel.http.client import Answer, Api, Refused

_KEPT = (b"content-type", b"content-length", b"content-disposition")


class Download(Response):
    """What the API answers at an address, to be saved by the browser."""

    def __init__(self, api: Api, path: str) -> None:
        super().__init__()
        self._api = api
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Of ASGI.

        Raises:
            Refused: the answer is an error.
        """
        status, headers, error = 500, list[tuple[bytes, bytes]](), list[bytes]()

        async def passed(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message.get("headers", ()))
                message = {**message, "headers": [pair for pair in headers if pair[0].lower() in _KEPT]}
            if status < 400:
                await send(message)
            elif message["type"] == "http.response.body":
                error.append(message.get("body", b""))

        await self._api.relay(self._path, receive, passed)
        if status >= 400:
            raise Refused(Answer(status, headers, b"".join(error)))
