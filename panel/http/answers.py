"""What several pages do with answers of the API."""

from typing import Any

from panel.http.client import Answer, Api, Query, Refused
from panel.http.view import View


async def allowed(api: Api, path: str, query: Query | None = None) -> Any:
    """What is at this address; ``None``: the viewer may not see it.

    Raises:
        Refused: the answer is another error.
    """
    try:
        return await api.get(path, query)
    except Refused as refused:
        if refused.status != 403:
            raise
        return None


async def allowed_data(api: Api, path: str, query: Query | None = None) -> Any:
    """The same, without what is around it."""
    found = await allowed(api, path, query)
    return None if found is None else found["data"]


def waits_for_approval(answer: Answer) -> bool:
    """Whether a second person must agree before the change is made."""
    return answer.status == 202 and "requested_by" in answer.data


def told(view: View, answer: Answer, done: str) -> str:
    """What a change is followed by: that it is done, or that it waits for a second person."""
    if waits_for_approval(answer):
        return view.translate("Somebody else must approve this first. It waits under Approvals.")
    return done
