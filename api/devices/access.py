"""Who manages an account's devices, and parts of the paths of their routes."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Path, Query, Request

from api.http.auth import requires
from api.http.query_text import QueryText
from api.resources.access import check_known
from domain.access.user_scopes import GATEWAYS
from store.accounts.api_keys import Principal


async def _known(request: Request, principal: Annotated[Principal, Depends(requires(GATEWAYS))]) -> Principal:
    check_known(request)
    return principal


Holder = Annotated[Principal, Depends(_known)]
DeviceId = Annotated[UUID, Path(description="The device's id.")]
TokenId = Annotated[UUID, Path(description="The id of the pairing token.")]
SimUid = Annotated[QueryText, Path(max_length=20, description="As `sim-1`.")]
Picture = Annotated[Literal["svg"] | None, Query(description="Draw each token, to be scanned.")]
