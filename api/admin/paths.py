"""Parts of paths of the admin API."""

from typing import Annotated
from uuid import UUID

from fastapi import Path

from api.http.query_text import QueryText

UserId = Annotated[int, Path(ge=1, le=2**63 - 1, description="The user's id.")]
MemberId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Id of a member of staff.")]
PlanRef = Annotated[QueryText, Path(max_length=100, description="Id or name of a plan; a number is an id first.")]
GatewayId = Annotated[UUID, Path(description="The gateway's id.")]
