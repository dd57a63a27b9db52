"""A request for a page: who views it, what was entered, and how it is answered."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from panel.frame.brand import Brand
from panel.frame.navigation import Group, shown_to
from panel.help.places import help_for
from panel.http.client import Api
from panel.http.csrf import csrf_token
from panel.http.errors import NotThere
from panel.http.forms import Form
from panel.http.notices import Notice, forget_notice, notice_of, set_notice
from panel.http.viewer import Taste, Viewer
from panel.rendering import current
from panel.rendering.api_texts import api_texts
from panel.rendering.environment import environment
from panel.rendering.formats import Formats
from panel.rendering.languages import translations


@dataclass(slots=True)
class View:
    """What a page's function gets."""

    request: Request
    api: Api
    """As who views it: in their own account, or the one that staff works in."""
    staff_api: Api
    """As the member of staff; the same as ``api`` for users."""
    session: str | None
    taste: Taste
    place: str
    """Which entry of the navigation is marked."""
    form: Form = field(default_factory=Form)
    known: Viewer | None = None
    brand: Brand = field(default_factory=Brand)

    @property
    def viewer(self) -> Viewer:
        """Who it is; pages for everybody have nobody."""
        assert self.known is not None
        return self.known

    @property
    def navigation(self) -> list[Group]:
        """The pages that this viewer sees."""
        return shown_to(self.viewer)

    @property
    def help(self) -> str:
        """The address of what the documentation says about this page."""
        return help_for(self.request.url.path)

    @property
    def is_fragment(self) -> bool:
        """Whether a part of a page is wanted, not the whole."""
        return self.request.headers.get("hx-request") == "true"

    def query(self, name: str) -> str:
        """A parameter of the address; "" if it is not there."""
        return self.request.query_params.get(name, "").strip()

    def word(self, name: str, *known: str) -> str:
        """A word of the path, such as what is to be done.

        Raises:
            NotThere: it is none of these.
        """
        word: str = self.request.path_params[name]
        if word not in known:
            raise NotThere
        return word

    def here(self, **changed: str | int | None) -> str:
        """The address of this page with other parameters; ``None`` takes one away. A page of a list begins anew."""
        kept = [(name, value) for name, value in self.request.query_params.multi_items() if value]
        others = [(name, value) for name, value in kept if name not in changed and name != "cursor"]
        given = others + [(name, str(value)) for name, value in changed.items() if value not in (None, "")]
        return self.request.url.path + (f"?{urlencode(given)}" if given else "")

    def address(self, path: str) -> str:
        """Where the API has something: within the account that is looked at, or of all accounts."""
        return f"/api{path}" if self.viewer.account else f"/api/admin/v1{path}"

    def translate(self, text: str, **values: Any) -> str:
        """A text in the viewer's language, with ``%(name)s`` filled in."""
        translated = translations(self.taste.language).gettext(text)
        return translated % values if values else translated

    def from_api(self, text: str) -> str:
        """What the API says, in the viewer's language."""
        return api_texts(self.taste.language)(text)

    def page(self, template: str, /, status: int = 200, **values: Any) -> HTMLResponse:
        """Render a template."""
        current.formats.set(Formats(self.taste.language, self.taste.zone))
        current.form_token.set(csrf_token(self.session))
        notice = notice_of(self.request)
        html = environment(self.taste.language).get_template(template).render(view=self, notice=notice, **values)
        answer = HTMLResponse(html, status)
        if self.brand.logo:
            answer.headers["Content-Security-Policy"] = self.brand.policy
        if notice is not None and not self.is_fragment:
            forget_notice(answer)
        return answer

    def choose_account(self) -> HTMLResponse:
        """Instead of what is only there in an account, for staff who look at all of them."""
        return self.page("account/needed.html", 403 if self.request.method == "POST" else 200)

    def redirect(self, path: str, notice: str = "", kind: str = "good") -> Response:
        """Lead to another page after something was done."""
        answer: Response
        if self.is_fragment:
            answer = Response(status_code=204, headers={"HX-Redirect": path})
        else:
            answer = RedirectResponse(path, 303)
        if notice:
            set_notice(answer, Notice(notice, kind))
        return answer
