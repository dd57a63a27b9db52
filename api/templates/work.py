"""Work on templates that may take long: in a child process, where whatever tenants write is compiled or rendered."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from fastapi import Request

from api.http.errors import ApiError
from api.http.state import state_of
from api.limits.offload import Offload
from domain.errors import InvalidError
from services.audience.templates.checking import check_body
from services.audience.templates.models import TemplateBody
from store.accounts.api_keys import Principal

LARGEST = 1024 * 1024
"""Bytes of the body of a template."""
MOST_VALUES = 100_000
"""Values of a template, where every comma of its texts counts as one."""
_QUICK = 4_000
"""Bytes of texts that are checked at once."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


async def apart(
    request: Request, principal: Principal, size: int, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
) -> _T:
    """Call ``work`` in a child process.

    Raises:
        ApiError: as in ``Offload.run``.
    """
    offload = state_of(request).part(Offload)
    return await offload.run(principal.account_id, size, request.is_disconnected, work, *args, **kwargs)


async def check(request: Request, principal: Principal, body: TemplateBody, size: int) -> None:
    """Check a template's texts.

    Raises:
        InvalidError: with a pointer for each that is wrong.
    """
    error = check_body(body) if size < _QUICK else await apart(request, principal, size, check_body, body)
    if error is not None:
        raise error


def caught(work: Callable[[], Any]) -> Any:
    """What ``work`` returns, or the error that it raises: errors pass between processes as values."""
    try:
        return work()
    except (ApiError, InvalidError) as error:
        return error
