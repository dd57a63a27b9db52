"""Theme and language: of the browser, for everybody, also before log-in."""

from starlette.responses import RedirectResponse, Response

from panel.http.pages import Pages
from panel.http.view import View
from panel.http.viewer import LANGUAGE, THEME, THEMES
from panel.rendering.languages import languages

pages = Pages(public=True)

_FOR_A_YEAR = 365 * 24 * 3600
_CHOICES = {THEME: ("theme", THEMES), LANGUAGE: ("language", tuple(languages()))}


@pages.post("/preferences")
async def prefer(view: View) -> Response:
    """Keep what was chosen, and show the same page again."""
    back = view.form.text("back")
    answer = RedirectResponse(back if back.startswith("/panel") and "//" not in back else "/panel/", 303)
    for cookie, (name, allowed) in _CHOICES.items():
        if view.form.text(name) in allowed:
            answer.set_cookie(cookie, view.form.text(name), _FOR_A_YEAR, path="/panel", samesite="lax")
    return answer
