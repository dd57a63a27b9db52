"""Nobody is sent to who must not be: sends, batches, campaigns, imports, STOPs, choices, pauses and moves of the clock
in any order, and each hand-over compared with a plain model of the rules.

Both ways: what may be sent is sent.
"""

import asyncio

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from store.pool import open_pool
from tests.guards.audience_world import AudienceWorld
from tests.guards.machine.audience import AudienceRules
from tests.guards.machine.sending import SendingRules
from tests.guards.machine.staff import StaffRules
from tests.guards.machine.wishes import WishRules
from tests.guards.moved_clock import new_moved_database


class Everything(SendingRules, WishRules, StaffRules, AudienceRules):
    """All of it."""


def test_who_must_not_be_sent_to_is_not_and_all_others_are(engine):
    loop = asyncio.new_event_loop()
    Everything.loop = loop
    try:
        url = loop.run_until_complete(new_moved_database(engine.database_url))
        Everything.pool = loop.run_until_complete(open_pool(url, 3, "nobody"))
        Everything.audience = AudienceWorld(Everything.pool)
        run_state_machine_as_test(
            Everything,
            settings=settings(
                max_examples=100,
                stateful_step_count=30,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        loop.run_until_complete(Everything.audience.aclose())
        loop.run_until_complete(Everything.pool.close())
    finally:
        loop.close()
