"""Type ``http``: any provider that takes a message by one HTTP request, described by configuration."""

import re
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, Self

import httpx
import orjson
from pydantic import Field, JsonValue, StrictBool, StrictInt, StrictStr, field_validator, model_validator

from domain.messages.outbound import Outbound
from domain.messages.outcomes import Accepted, Outcome, Refused, Unknown
from gateways.answers import error_text, failure, parse
from gateways.base import GatewayConfig, GatewayConnections
from gateways.config.template import default_body, has_placeholder, json_filler, names_in, text_filler, url_filler
from gateways.net.http import CONTROL_CHARACTERS, DEFAULT_SECONDS, Call, UnfitHeader, call
from gateways.net.http_answer import Answer
from gateways.net.web_address import WebAddress

_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 §5.1
_FRAMING = frozenset({"host", "content-length", "transfer-encoding", "connection", "content-encoding"})
ID_CAP = 256


JsonPath = Annotated[str, Field(min_length=1, max_length=200)]
JsonScalar = StrictStr | StrictBool | StrictInt


class HttpConfig(GatewayConfig):
    """How the request is made and its answer read. Strings may hold ``{{ field }}`` placeholders."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"headers"})
    DESTINATION: ClassVar[frozenset[str]] = frozenset({"url", "allow_private_network"})

    url: WebAddress
    method: Literal["POST", "PUT", "PATCH", "GET"] = "POST"
    headers: dict[str, str] = Field(default_factory=dict)
    body: JsonValue = None
    """JSON template. ``None``: the message's fields as one object, or no body for GET."""
    id_path: JsonPath | None = None
    """Where the provider's id is in the JSON answer: keys and list indexes joined by dots, ``data.0.id``. An answer
    without one is no proof that the message was taken."""
    success_path: JsonPath | None = None
    """Path to the answer's status of the message, as ``id_path``."""
    success_values: list[JsonScalar] = Field(default_factory=list, max_length=50)
    """Its values for accepted messages, such as ``["ok", 0]``. Any other value: refused."""
    error_path: JsonPath | None = None
    """Path to the answer's error. Nothing, ``false``, 0 and empty values are no error."""
    error_values: list[JsonScalar] = Field(default_factory=list, max_length=50)
    """What is an error there. Left out: anything."""
    success_statuses: frozenset[Annotated[int, Field(ge=100, le=599)]] | None = None
    """The statuses that mean "taken". ``None``: all from 200 to 299."""
    allow_private_network: bool = False
    timeout: Annotated[float, Field(gt=0, le=300)] = DEFAULT_SECONDS
    """Seconds for the request and its whole answer."""
    dedupes: bool = False
    """The provider drops a second request with the same ``{{ reference }}``."""

    @field_validator("url")
    @classmethod
    def _url_placeholders_known(cls, url: str) -> str:
        url_filler(url)
        return url

    @field_validator("headers")
    @classmethod
    def _headers_well_formed(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name) or name.lower() in _FRAMING:
                raise ValueError(f"{name!r} cannot be set as a header")
            if CONTROL_CHARACTERS.search(value) or not value.isascii():
                raise ValueError(f"the value of {name!r} may only contain printable ASCII characters")
            text_filler(value)
        return headers

    @field_validator("body")
    @classmethod
    def _body_placeholders_known(cls, body: JsonValue) -> JsonValue:
        json_filler(body)
        return body

    @model_validator(mode="after")
    def _paths_have_their_values(self) -> Self:
        if (self.success_path is None) != (not self.success_values):
            raise ValueError("success_path and success_values belong together")
        if self.error_values and self.error_path is None:
            raise ValueError("error_values need error_path")
        return self

    @model_validator(mode="after")
    def _get_has_no_body(self) -> Self:
        if self.method == "GET" and self.body is not None:
            raise ValueError("a GET request has no body")
        return self


class HttpGateway:
    """Fills the template, sends the request, reads status and id."""

    def __init__(self, config: HttpConfig, outside: GatewayConnections) -> None:
        self.dedupes = config.dedupes
        self._http = outside.http(allow_private_network=config.allow_private_network)
        self._fill_body = _body_filler(config)
        self._fill_call = _call_filler(config)
        self._carries_from = _carries_from(config)
        self._read = AnswerReader(config)
        self._success = config.success_statuses or frozenset(range(200, 300))

    async def send(self, message: Outbound) -> Outcome:
        """Make the request for one message."""
        if message.cc or message.headers or message.attachments:  # half of an email is none
            return Refused("not_carried", "a gateway of type http carries no cc, headers or attachments")
        if message.from_address and not self._carries_from:
            return Refused("not_carried", "the configuration of this gateway has no place for {{ from }}")
        try:
            body = self._fill_body(message)
            call = self._fill_call(message)
        except (orjson.JSONEncodeError, UnicodeEncodeError, httpx.InvalidURL, UnfitHeader) as error:
            return Refused("invalid_content", str(error))
        answer = await self._http.exchange(call, body)
        if not isinstance(answer, Answer):
            return answer
        return self._read.outcome(answer) if answer.status in self._success else failure(answer)

    async def aclose(self) -> None:
        """Nothing to close: the HTTP client is shared."""


def _carries_from(config: HttpConfig) -> bool:
    sends_all = config.body is None and config.method != "GET"
    return sends_all or "from" in names_in([config.url, config.headers, config.body])


def _body_filler(config: HttpConfig) -> Callable[[Outbound], bytes]:
    if config.method == "GET":
        return lambda message: b""
    return default_body if config.body is None else json_filler(config.body)


def _call_filler(config: HttpConfig) -> Callable[[Outbound], Call]:
    headers = dict(config.headers)
    if config.method != "GET" and "content-type" not in {name.lower() for name in headers}:
        headers["content-type"] = "application/json"
    if not has_placeholder(config.url) and not any(map(has_placeholder, headers.values())):
        constant = call(config.method, config.url, headers, config.timeout)
        return lambda message: constant
    fill_url = url_filler(config.url)
    fill_headers = {name: text_filler(value) for name, value in headers.items()}
    return lambda message: call(
        config.method,
        fill_url(message),
        {name: fill(message) for name, fill in fill_headers.items()},
        config.timeout,
    )


class AnswerReader:
    """Interprets the body of an answer with a success status."""

    def __init__(self, config: HttpConfig) -> None:
        self._id_path = _steps(config.id_path)
        self._success_path = _steps(config.success_path)
        self._error_path = _steps(config.error_path)
        self._success = [_typed(value) for value in config.success_values]
        self._errors = [_typed(value) for value in config.error_values]

    def outcome(self, answer: Answer) -> Outcome:
        """Accepted, refused, or unknown if the body is not as configured."""
        if self._id_path is self._success_path is self._error_path is None:
            return Accepted()
        body = parse(answer)
        if self._error_path is not None:
            error = _follow(body, self._error_path)
            if _typed(error) in self._errors if self._errors else bool(error):
                return Refused("provider_error", error_text(answer, _text(error)))
        if self._success_path is not None:
            status = _follow(body, self._success_path)
            if status is None:
                return Unknown(error_text(answer, "nothing at success_path"))
            if _typed(status) not in self._success:
                return Refused("provider_error", error_text(answer, _text(status)))
        if self._id_path is None:
            return Accepted()
        found = _follow(body, self._id_path)
        if isinstance(found, bool) or not isinstance(found, str | int) or found == "":
            return Unknown(error_text(answer, "no id at id_path"))
        return Accepted(str(found)[:ID_CAP])


def _steps(path: str | None) -> list[str] | None:
    return None if path is None else path.split(".")


def _typed(value: object) -> tuple[bool, object]:
    """A value that is equal only to its like: in Python ``True`` is 1."""
    return isinstance(value, bool), value


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _follow(value: Any, path: list[str]) -> Any:
    """The value at a path in JSON; ``None`` if there is none."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
