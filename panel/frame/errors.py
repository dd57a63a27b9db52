"""What people see instead of a page."""

from fastapi import Request
from starlette.responses import Response

from panel.frame.brand import brand_of
from panel.http.client import Refused
from panel.http.pages import LOG_IN, view_of
from panel.http.view import View

_UNAVAILABLE = (429, 503)


async def refused(request: Request, error: Exception) -> Response:
    """The API did not answer what a page needs."""
    assert isinstance(error, Refused)
    view = view_of(request)
    if error.status == 401:  # the session ended meanwhile
        return view.redirect(LOG_IN)
    titles = {
        403: view.translate("You may not see this"),
        404: view.translate("There is nothing here"),
        429: view.translate("Too many requests"),
        503: view.translate("Not available just now"),
    }
    answer = await _shown(
        view, error.status, titles.get(error.status, view.translate("That did not work")), error.message
    )
    if error.status in _UNAVAILABLE and error.retry_after:
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


async def foreign_form(request: Request, _: Exception) -> Response:
    """A form that was open while somebody logged in anew is the usual reason."""
    view = view_of(request)
    told = view.translate(
        "This form is too old, or it came from another site. Go back, load the page again, and send it."
    )
    return await _shown(view, 403, view.translate("The form was not taken"), told)


async def not_found(request: Request, _: Exception) -> Response:
    """There is no such page."""
    view = view_of(request)
    told = view.translate("The address may have been mistyped, or what was here is gone.")
    return await _shown(view, 404, view.translate("There is nothing here"), told)


async def fault(request: Request, _: Exception) -> Response:
    """A fault of ours: Starlette raises it again after this answer, so that it is logged."""
    view = view_of(request)
    told = view.translate("It has been logged. Try again; if it stays, tell whoever runs this install.")
    return await _shown(view, 500, view.translate("Something went wrong"), told)


async def _shown(view: View, status: int, title: str, told: str) -> Response:
    if not view.is_fragment:
        if status != 500:
            view.brand = await brand_of(view.api)
        return view.page("frame/error.html", status, title=title, told=told)
    answer = view.page("frame/error_part.html", status, title=title, told=told)
    answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#problems", "innerHTML"
    return answer
