"""Who may read and change an account's contacts."""

from typing import Annotated

from fastapi import Depends, Request

from api.http.auth import requires
from api.resources.access import check_known
from domain.access.user_scopes import CONTACTS, READ
from store.accounts.api_keys import Principal


async def _known(request: Request, principal: Annotated[Principal, Depends(requires(CONTACTS))]) -> Principal:
    check_known(request)
    return principal


async def _reader(
    request: Request, principal: Annotated[Principal, Depends(requires(CONTACTS, also=(READ,)))]
) -> Principal:
    check_known(request)
    return principal


Holder = Annotated[Principal, Depends(_known)]
Reader = Annotated[Principal, Depends(_reader)]
"""Of messages, too."""
