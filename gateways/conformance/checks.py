"""What every gateway must do, whatever its provider. Each check raises ``AssertionError`` with what is wrong."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from domain.messages.outcomes import GatewayDown, Outcome, Refused, RetryLater, Unknown
from gateways.config.problems import InvalidGatewayConfig
from gateways.conformance.fake_provider import Reply, answer, disconnect, drip, hang, reset
from gateways.conformance.subject import Subject
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
"""What an answer means if its body says nothing that the provider documents."""
_SILENT_BODIES = (b"", b"<html>oops</html>", b'"text"', b"[1]", b'{"error":5,"errors":7,"code":null}')
_STRANGE_SUCCESS = (b"<html>Log in to the hotel's network</html>", b"{}", b"[]", b'{"messages":[]}')
_LOST: dict[str, Reply] = {"hangs": hang, "resets": reset, "hangs up": disconnect, "dribbles": drip}
_POSTS = (b"", b"{", b"{}", b"[]", b"null", b"1", b'"x"', b"[[]]", b'[{"a":1}]', b"\xff\xfe", b"a=1&b=2", b"[" * 5000)


def checks() -> dict[str, Check]:
    """All checks, by what they say of a gateway that passes."""
    return dict((*_of_configurations(), *_of_sends(), *_of_webhooks()))


def checks_for(subject: Subject) -> dict[str, Check]:
    """Those that can be made of this one: sends need a provider that is asked over HTTP, at a ``base_url``."""
    return dict(
        (
            *_of_configurations(),
            *(_of_sends() if subject.speaks_http else ()),
            *(_of_webhooks() if subject.entry.webhook else ()),
        )
    )


def _of_configurations() -> Iterator[tuple[str, Check]]:
    yield "a configuration with an unknown field is refused", _refuses_unknown_fields
    yield "secrets are not shown", _hides_secrets
    yield "every field has a description or a name that the schema shows", _has_a_schema


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
    raise AssertionError("a field that the type does not have was taken: a typo would go unnoticed")


async def _hides_secrets(subject: Subject) -> None:
    shown = repr(subject.parsed())
    found = [name for name in subject.entry.config.SECRETS if len(str(subject.config.get(name, ""))) > 3]
    seen = [name for name in found if str(subject.config[name]) in shown]
    assert not seen, f"repr() of the configuration shows {', '.join(seen)}"
    if subject.speaks_http:
        assert subject.entry.config.SECRETS, (
            "the configuration names no SECRETS: what is sent to the provider as its key?"
        )


async def _has_a_schema(subject: Subject) -> None:
    schema = subject.entry.config.model_json_schema()
    assert schema.get("properties"), "the configuration has no fields that a schema could show"


async def _nobody_there(subject: Subject) -> None:
    async with subject.gateway("http://127.0.0.1:1") as gateway:
        _expect(await gateway.send(subject.message()), GatewayDown)


async def _lost_answer(reply: Reply, subject: Subject) -> None:
    outcome, _ = await subject.send(reply)
    _expect(outcome, Unknown)


async def _status_decides(status: int, body: bytes, expected: type[Outcome], subject: Subject) -> None:
    outcome, asked = await subject.send(answer(status, body))
    _expect(outcome, expected)
    assert len(asked) == 1, f"the provider was asked {len(asked)} times for one message"


async def _throttled(subject: Subject) -> None:
    outcome, _ = await subject.send(answer(429, Retry_After="9"))
    _expect(outcome, RetryLater)
    assert isinstance(outcome, RetryLater)
    assert outcome.after == 9.0, f"it comes back after {outcome.after} s, not the 9 s of the header Retry-After"


async def _strange_success(body: bytes, subject: Subject) -> None:
    outcome, _ = await subject.send(answer(200, body))
    _expect(outcome, Unknown)


async def _unwritable(subject: Subject) -> None:
    outcome, asked = await subject.send(answer(200), body="\ud800")
    _expect(outcome, Refused)
    assert isinstance(outcome, Refused)
    assert outcome.code == "invalid_content", f"its code is {outcome.code}, not invalid_content"
    assert not asked, "half a character was sent to the provider"


async def _closes_twice(subject: Subject) -> None:
    async with subject.gateway("http://127.0.0.1:1") as gateway:
        await gateway.aclose()


async def _stranger(body: bytes, subject: Subject) -> None:
    webhook = subject.webhook()
    assert webhook is not None
    for post in _posts(body):
        assert not (webhook.may_fit(post) and await webhook.verify(post)), "a post that nobody signed was believed"


async def _senseless(body: bytes, subject: Subject) -> None:
    webhook = subject.webhook()
    assert webhook is not None
    for post in _posts(body):
        try:
            events = webhook.read(post)
        except UnreadablePost:
            continue
        assert not events, f"it reads {len(events)} events where there are none"


def _posts(body: bytes) -> Iterator[Post]:
    for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
        yield Post("POST", "https://hooks.example.com/api/webhook?x=1", {"content-type": kind}, body, 0.0)
    yield Post("GET", "https://hooks.example.com/api/webhook", {}, b"", 0.0)


def _expect(outcome: Outcome, expected: type[Outcome]) -> None:
    got = type(outcome).__name__
    assert isinstance(outcome, expected), f"{got} ({getattr(outcome, 'reason', '')}) instead of {expected.__name__}"
