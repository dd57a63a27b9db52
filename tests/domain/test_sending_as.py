"""Which gateway takes a message that is from a mailbox of its own."""

from typing import Any
from uuid import UUID

from domain.messages.page import PageHeader, RouteRequest, Routing
from domain.messages.routing import Candidate, SendingAs, choose

FIXED, OPEN, OTHER = (UUID(int=number) for number in (1, 2, 3))
NEWS, SHOP = "news@a.test", "shop@b.test"


def candidate(gateway_id: UUID, **more: Any) -> Candidate:
    return Candidate(gateway_id, f"g{gateway_id.int}", 1, True, None, "hold", 0, None, False, **more)


def chosen(
    senders: dict[str, list[int]],
    *,
    verified: tuple[str, ...] = ("a.test",),
    requested: dict[str, list[int]] | None = None,
    excluded: tuple[UUID, ...] = (),
) -> Routing:
    page = PageHeader("p", 1, "email", 3, requested=requested or {}, senders=senders)
    sending_as = SendingAs(frozenset(verified), frozenset({OPEN, OTHER}), {FIXED: SHOP, OPEN: "x@c.test", OTHER: None})
    request = RouteRequest(page, [0, 1, 2], 1, [str(one) for one in excluded])
    return choose(request, [candidate(FIXED), candidate(OPEN), candidate(OTHER)], 0.0, sending_as)


def ways(routing: Routing) -> dict[str, list[int]]:
    return {route.gateway: route.indexes for route in routing.routes}


def test_each_message_goes_where_it_may_be_from_what_it_is_from():
    routing = chosen({NEWS: [1], SHOP: [2]})
    assert sorted((route.gateway, route.indexes) for route in routing.routes) == [("g1", [0]), ("g1", [2]), ("g2", [1])]


def test_another_gateway_takes_over_only_if_it_may():
    routing = chosen({NEWS: [0, 1, 2]}, excluded=(OPEN,))
    assert ways(routing) == {"g3": [0, 1, 2]}
    assert ways(chosen({SHOP: [0, 1, 2]}, excluded=(FIXED,))) == {"g1": [0, 1, 2]}  # there is no other one: it waits
    assert chosen({SHOP: [0, 1, 2]}, excluded=(FIXED,)).routes[0].waits_for == "retry_pause"


def test_what_no_gateway_may_send_ends_with_its_reason():
    (none,) = chosen({"a@lost.test": [0]}).none
    assert (none.indexes, none.code, none.state) == ([0], "from_not_verified", "failed")
    (none,) = chosen({NEWS: [1]}, requested={"g1": [1]}).none
    assert (none.indexes, none.code) == ([1], "from_not_allowed")
    (none,) = chosen({NEWS: [1]}, requested={"nowhere": [1]}).none
    assert none.code == "gateway_not_found"
