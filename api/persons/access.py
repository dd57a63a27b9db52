"""Who may export and erase persons of an account."""

from typing import Annotated

from fastapi import Depends, Request

from api.http.auth import requires
from api.resources.access import check_known
from domain.access.user_scopes import CONTACTS, READ, SEND
from store.accounts.api_keys import Principal


async def _reader(
    request: Request, principal: Annotated[Principal, Depends(requires(CONTACTS, also=(READ,)))]
) -> Principal:
    check_known(request)
    return principal


async def _eraser(
    request: Request, principal: Annotated[Principal, Depends(requires(CONTACTS, also=(SEND,)))]
) -> Principal:
    check_known(request)
    return principal


Reader = Annotated[Principal, Depends(_reader)]
Eraser = Annotated[Principal, Depends(_eraser)]
"""Messages that wait are cancelled."""
