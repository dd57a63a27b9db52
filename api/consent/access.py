"""Who may read and change what recipients allow or refuse."""

from typing import Annotated

from fastapi import Depends, Request

from api.http.auth import requires
from api.resources.access import check_known
from domain.access.user_scopes import CONTACTS
from store.accounts.api_keys import Principal


async def _holder(request: Request, principal: Annotated[Principal, Depends(requires(CONTACTS))]) -> Principal:
    check_known(request)
    return principal


Holder = Annotated[Principal, Depends(_holder)]
