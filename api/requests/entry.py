"""What is noted of a request while it is answered."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, cast

from starlette.requests import Request

from api.requests.redacting import redacted, redacted_errors
from store.accounts.api_keys import Principal
from store.reports.request_log import NewEntry

MOST_BODY = 16 * 1024
"""Bytes of a body that is kept to be shown; of a longer one nothing is shown."""
MOST_ANSWER = 4096
"""Bytes at the begin of an answer in which ids, or errors, are looked for."""
NOTED = "noted"
"""Where a request's scope has it."""
_MOST_IDS = 20
_MOST_SEGMENT = 40
_MOST_PATH = 300
_HIDDEN = "•••"

_UUID = re.compile(rb'"([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})"')
_ID = re.compile(rb'"id": ?(?:([0-9]{1,19})\b|"([A-Za-z0-9_-]{1,40})")')
_CODE = re.compile(rb'"code": ?"([a-z0-9_.]{1,60})"')


class Noted:
    """A request in progress. Plain, as one is made for each."""

    __slots__ = ("_begun", "answer", "at", "body", "id", "ip", "key", "length", "method", "path", "seconds", "status")

    def __init__(self, id_: str, scope: Mapping[str, Any]) -> None:
        self.id = id_
        self.method: str = scope["method"]
        self.path: bytes = scope["raw_path"]
        self.ip: str = scope["client"][0] if scope["client"] else ""
        self.key: Principal | None = None
        """Whose key it carries, accepted or not."""
        self.body = b""
        self.length = 0
        """Bytes of its body that were received."""
        self.status = 0
        """0: not answered yet."""
        self.answer = b""
        self.at = datetime.now(UTC)
        self.seconds = 0.0
        self._begun = perf_counter()

    def receive(self, piece: bytes) -> None:
        """Keep a piece of its body, unless that is too long to be shown."""
        self.length += len(piece)
        self.body = self.body + piece if self.length <= MOST_BODY else b""

    def end(self) -> None:
        """It was answered. Of one that succeeded the body is not kept."""
        self.seconds = perf_counter() - self._begun
        if self.status < 400:
            self.body = b""

    @property
    def is_failed(self) -> bool:
        """Whether its answer is an error."""
        return self.status >= 400

    @property
    def size(self) -> int:
        """Bytes that it holds in memory, about."""
        return 1000 + len(self.body) + len(self.answer)

    def entry(self) -> NewEntry:
        """What is stored of it. A failed request shows its body, one that changed something the ids in its answer."""
        return NewEntry(
            at=self.at,
            request_id=self.id,
            account_id=None if self.key is None else self.key.account_id,
            key_id=None if self.key is None else self.key.key_id,
            method=self.method[:20],
            path=_shown_path(self.path),
            status=self.status,
            milliseconds=round(self.seconds * 1000, 1),
            ip=self.ip,
            code=_code(self.answer) if self.is_failed else None,
            ids=[] if self.is_failed or self.method == "GET" else _ids(self.answer),
            body=redacted(self.body) if self.body else None,
            errors=redacted_errors(self.answer) if self.is_failed else None,
        )


def noted_of(request: Request) -> Noted:
    """What is noted of a request."""
    return cast(Noted, request.scope[NOTED])


def _shown_path(raw: bytes) -> str:
    """As it was sent, without its query. What may be a secret or an address is hidden: long parts, and those with @."""
    path = raw[:_MOST_PATH].decode("ascii", "replace").replace("\0", "").partition("?")[0]
    return "/".join(_HIDDEN if len(part) > _MOST_SEGMENT or _has_at(part) else part for part in path.split("/"))


def _has_at(part: str) -> bool:
    return "@" in part or "%40" in part


def _code(answer: bytes) -> str | None:
    found = _CODE.search(answer)
    return found[1].decode() if found else None


def _ids(answer: bytes) -> list[str]:
    found = [match[1] or match[2] for match in _ID.finditer(answer)] + _UUID.findall(answer)
    return [id_.decode() for id_ in dict.fromkeys(found)][:_MOST_IDS]
