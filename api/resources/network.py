"""From where the admin API may be used: the setting ``admin_network``, whoever calls."""

from fastapi import Request

from api.http.errors import ApiError
from api.http.state import state_of
from domain.access.networks import may_come
from services.settings.current import CurrentSettings


async def check_admin_network(request: Request) -> None:
    """Refuse a request from elsewhere, before its key is looked up. A changed setting counts within a second.

    Raises:
        ApiError: 403.
    """
    network = (await state_of(request).part(CurrentSettings).recent()).admin_network
    if not (network.allow or network.deny):
        return
    if not may_come(request.client.host if request.client else None, network.allow, network.deny):
        raise ApiError(403, "address_not_allowed", "the admin API may not be used from your address")
