"""``/api/branding``: the name, the logo and the colour of the install, for pages that anybody sees."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.http.json_response import json_response
from api.http.state import state_of
from api.reference.openapi import PUBLIC, answers
from services.settings.current import CurrentSettings

router = APIRouter(prefix="/api/branding", tags=["operations"])


class ShownBranding(BaseModel):
    """How the install looks to people."""

    model_config = ConfigDict(extra="forbid")

    product_name: str
    logo_url: str | None
    colour: str = Field(description="`#` and six hexadecimal digits.")
    has_own_colour: bool = Field(description="Somebody chose it: it is not that which every install begins with.")


class BrandingAnswer(BaseModel):
    """The install's branding."""

    model_config = ConfigDict(extra="forbid")

    success: Literal[True]
    message: str
    data: ShownBranding


@router.get(
    "",
    summary="How the install looks to people",
    response_model=None,
    responses=answers(BrandingAnswer),
    openapi_extra=PUBLIC,
)
async def get_branding(request: Request) -> Response:
    """For everybody: it is on the page on which people log in. `PATCH /api/admin/v1/settings` changes it."""
    branding = (await state_of(request).part(CurrentSettings).recent()).branding
    data = {
        "product_name": branding.product_name,
        "logo_url": branding.logo_url,
        "colour": branding.colour.lower(),
        "has_own_colour": branding.colour != type(branding).model_fields["colour"].default,
    }
    return json_response({"success": True, "message": "found", "data": data})
