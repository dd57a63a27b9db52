"""Recipients and texts of messages: masked for staff, unless somebody who may see them says so, which is logged."""

from typing import Annotated

from fastapi import Query

from api.http.state import AppState
from domain.access.actors import Actor
from services.changes import change

Reveal = Annotated[
    bool, Query(description="For staff: show recipients and texts. Needs `messages:reveal`, and is logged.")
]


async def is_revealed(state: AppState, actor: Actor, wanted: bool, kind: str, about: object) -> bool:
    """Whether an answer shows personal data. An admin key always sees it.

    Raises:
        ForbiddenError: it was requested by somebody who may not see it.
    """
    if actor.type == "key":
        return True
    if not wanted:
        return False
    async with change(state.pool, actor, "message.revealed") as made:
        made.about(kind, about)
        actor.check("messages:reveal")
    return True
