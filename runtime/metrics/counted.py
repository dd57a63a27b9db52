"""What a process counts and times while it works. Names and labels are promised: dashboards and alerts use them.

Counting costs about a microsecond, and is done whether anybody reads it or not.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram, Summary, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, of when it began
REGISTRY = CollectorRegistry()
"""All of this process."""

MOST_GATEWAYS = 300
"""So many have figures of their own in a process; those that come later are ``other``."""
_OTHER = "other"
_named: set[str] = set()

ACCEPTING = Histogram(
    "xsender_accept_seconds",
    "From a send request's arrival until its messages are accepted and durable.",
    ["channel"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
REQUESTS = Summary(
    "xsender_request_seconds",
    "Requests to the API and how long they took, by route and class of status.",
    ["method", "route", "status"],
    registry=REGISTRY,
)
DISPATCHES = Histogram(
    "xsender_dispatch_seconds",
    "How long a gateway took to answer for one message.",
    ["channel", "gateway"],
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
MESSAGES = Counter(
    "xsender_messages",
    "Messages that gateways were asked to send: accepted, refused, retry_later, gateway_down or unknown.",
    ["channel", "gateway", "outcome"],
    registry=REGISTRY,
)


def gateway_label(identifier: str) -> str:
    """What a gateway is called in figures: as its owner calls it."""
    if identifier in _named or len(_named) < MOST_GATEWAYS:
        _named.add(identifier)
        return identifier
    return _OTHER
