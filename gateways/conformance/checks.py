"""What every gateway must do, whatever its provider. Each check raises ``CheckFailed`` with what is wrong."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from domain.messages.outcomes import GatewayDown, Outcome, Refused, RetryLater, Unknown
from gateways.base import GatewayType
from gateways.config.problems import InvalidGatewayConfig
from gateways.conformance.fake_provider import Reply, answer, disconnect, drip, hang, reset
from gateways.conformance.subject import Subject, speaks_http
from gateways.webhooks.webhook import Post, UnreadablePost

Check = Callable[[Subject], Awaitable[None]]

_STATUSES: dict[int, type[Outcome]] = {
    302: GatewayDown,
    400: Refused,
    401: GatewayDown,
    402: GatewayDown,
    403: GatewayDown,
    405: GatewayDown,
    500: GatewayDown,
    504: Unknown,
}
"""The outcome of an answer whose body has nothing that the provider documents."""
_SILENT_BODIES = (b"", b"<html>oops</html>", b'"text"', b"[1]", b'{"error":5,"errors":7,"code":null}')
_STRANGE_SUCCESS = (b"<html>Log in to the hotel's network</html>", b"{}", b"[]", b'{"messages":[]}')
_LOST: dict[str, Reply] = {"hangs": hang, "resets": reset, "hangs up": disconnect, "dribbles": drip}
_POSTS = (b"", b"{", b"{}", b"[]", b"null", b"1", b'"x"', b"[[]]", b'[{"a":1}]', b"\xff\xfe", b"a=1&b=2", b"[" * 5000)


class CheckFailed(Exception):
    """The gateway does not do what it must."""


def checks_for(entry: GatewayType) -> dict[str, Check]:
    """The checks of a type, by descriptions of what passes.

    Checks of sends need a provider that is called over HTTP, at a ``base_url``.
    """
    return dict(
        (
            *_of_configurations(),
            *(_of_sends() if speaks_http(entry) else ()),
            *(_of_webhooks() if entry.webhook else ()),
        )
    )


def _of_configurations() -> Iterator[tuple[str, Check]]:
    yield "a configuration with an unknown field is refused", _refuses_unknown_fields
    yield "secrets are not shown", _hides_secrets


def _of_sends() -> Iterator[tuple[str, Check]]:
    yield "a provider that is not there was not given the message", _nobody_there
    for name, reply in _LOST.items():
        yield f"the message is unknown if the provider {name}", partial(_lost_answer, reply)
    for status, outcome in _STATUSES.items():
        for body in _SILENT_BODIES:
            name = f"{outcome.__name__} if the answer is {status} and {body.decode()!r}"
            yield name, partial(_status_decides, status, body, outcome)
    yield "a throttled message comes back when the provider says", _throttled
    for body in _STRANGE_SUCCESS:
        yield f"a success that is not the provider's own is unknown: {body.decode()!r}", partial(_strange_success, body)
    yield "what cannot be written down is refused, and not sent", _unwritable
    yield "a gateway can be closed twice", _closes_twice


def _of_webhooks() -> Iterator[tuple[str, Check]]:
    for body in _POSTS:
        shown = repr(body[:20].decode("latin-1"))
        yield f"a stranger's post is not believed: {shown}", partial(_stranger, body)
        yield f"a post that makes no sense is unreadable or says nothing: {shown}", partial(_senseless, body)


async def _refuses_unknown_fields(subject: Subject) -> None:
    try:
        subject.parsed(no_such_field="x")
    except InvalidGatewayConfig:
        return
    raise CheckFailed("a field that the type does not have was taken: a typo would go unnoticed")


async def _hides_secrets(subject: Subject) -> None:
    secrets, shown = subject.entry.config.SECRETS, repr(subject.parsed())
    seen = [name for name in secrets if f"{name}=" in shown]
    _require(not seen, f"repr() of the configuration shows {', '.join(seen)}")
    _require(secrets or not speaks_http(subject.entry), "it names no SECRETS: which field is the provider's key?")


async def _nobody_there(subject: Subject) -> None:
    async with subject.gateway("http://127.0.0.1:1") as gateway:
        _expect(await gateway.send(subject.message()), GatewayDown)


async def _lost_answer(reply: Reply, subject: Subject) -> None:
    outcome, _ = await subject.send(reply)
    _expect(outcome, Unknown)


async def _status_decides(status: int, body: bytes, expected: type[Outcome], subject: Subject) -> None:
    outcome, asked = await subject.send(answer(status, body))
    _expect(outcome, expected)
    _require(len(asked) == 1, f"the provider was asked {len(asked)} times for one message")


async def _throttled(subject: Subject) -> None:
    outcome, _ = await subject.send(answer(429, Retry_After="9"))
    _expect(outcome, RetryLater)
    after = getattr(outcome, "after", None)
    _require(after == 9.0, f"it comes back after {after} s, not the 9 s of the header Retry-After")


async def _strange_success(body: bytes, subject: Subject) -> None:
    outcome, _ = await subject.send(answer(200, body))
    _expect(outcome, Unknown)


async def _unwritable(subject: Subject) -> None:
    outcome, asked = await subject.send(answer(200), body="\ud800")
    _expect(outcome, Refused)
    code = getattr(outcome, "code", None)
    _require(code == "invalid_content", f"its code is {code}, not invalid_content")
    _require(not asked, "half a character was sent to the provider")


async def _closes_twice(subject: Subject) -> None:
    async with subject.gateway("http://127.0.0.1:1") as gateway:
        await gateway.aclose()


async def _stranger(body: bytes, subject: Subject) -> None:
    webhook = subject.webhook()
    for post in _posts(body):
        _require(not (webhook.may_fit(post) and await webhook.verify(post)), "a post that nobody signed was believed")


async def _senseless(body: bytes, subject: Subject) -> None:
    webhook = subject.webhook()
    for post in _posts(body):
        try:
            events = webhook.read(post)
        except UnreadablePost:
            continue
        _require(not events, f"it reads {len(events)} events where there are none")


def _posts(body: bytes) -> Iterator[Post]:
    for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
        yield Post("POST", "https://hooks.example.com/api/webhook?x=1", {"content-type": kind}, body, 0.0)
    yield Post("GET", "https://hooks.example.com/api/webhook", {}, b"", 0.0)


def _expect(outcome: Outcome, expected: type[Outcome]) -> None:
    got = f"{type(outcome).__name__} ({getattr(outcome, 'reason', '')})"
    _require(isinstance(outcome, expected), f"{got} instead of {expected.__name__}")


def _require(holds: object, problem: str) -> None:
    """Not by ``assert``: Python can be run without those."""
    if not holds:
        raise CheckFailed(problem)
