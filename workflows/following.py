"""Having the fallbacks of a page's messages looked after."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import workflows.policy as policy
    from domain.page import FollowedUp, FollowUp, PageHeader


async def follow_up(page: PageHeader, content: bytes, looks: list[tuple[int, bool]]) -> FollowedUp:
    """Look at messages, and send what is due in their place. ``content``: the page's; empty: the activity reads it."""
    options = policy.start_options(page.lane, page.account_id)
    request = FollowUp(page.brief(), looks, options["task_queue"], options["priority"].priority_key)
    found: FollowedUp = await workflow.execute_activity(
        "follow_up", args=[request, content], result_type=FollowedUp, **policy.errand_options(page.lane)
    )
    return found
