"""Templates: written per channel and language, looked at as somebody would get them, and published as versions."""

from typing import Any

from starlette.responses import HTMLResponse, Response

from panel.http.client import Refused
from panel.http.forms import Form, key_of
from panel.http.headers import MAIL_POLICY
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("templates", in_account=True)

CHANNELS = ("email", "sms", "whatsapp")
_ACTIONS = ("publish", "test", "archive", "restore")
_NAMES = {
    "email": ("subject", "preheader", "html", "mjml", "text"),
    "sms": ("message",),
    "whatsapp": ("text",),
}
"""Members of the texts of a channel that the form has."""


@pages.get("/templates")
async def listing(view: View) -> Response:
    """All of the account."""
    found = await view.api.get("/api/templates", {"cursor": view.query("cursor"), "limit": 50})
    return view.page("texts/list.html", templates=found["data"], next_cursor=found["next_cursor"])


@pages.get("/templates/new")
async def new(view: View) -> Response:
    """An empty one."""
    return view.page("texts/edit.html", template=None, language="en", channels=CHANNELS, versions=[])


@pages.post("/templates/new")
async def create(view: View) -> Response:
    """Save it under the key that its name makes."""
    key = view.form.text("key") or (key_of(view.form.text("name"), 64) or "template")
    try:
        await view.api.send("PUT", f"/api/templates/{key}", _body(view.form, {}, view.form.text("language") or "en"))
    except Refused as refused:
        view.form.refused = refused
        return view.page(
            "texts/edit.html", refused.status, template=None, language="en", channels=CHANNELS, versions=[]
        )
    return view.redirect(f"/panel/templates/{key}", view.translate("The draft is saved."))


@pages.get("/templates/{key}")
async def one(view: View) -> Response:
    """Its texts in one language."""
    return await _shown(view)


@pages.post("/templates/{key}")
async def save(view: View) -> Response:
    """Save the draft."""
    template = await _template(view)
    try:
        body = _body(view.form, template["draft"], view.form.text("language"))
        await view.api.send("PUT", f"/api/templates/{template['key']}", body)
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    path = f"/panel/templates/{template['key']}?language={view.form.text('language')}"
    return view.redirect(path, view.translate("The draft is saved."))


@pages.post("/templates/{key}/{action}")
async def act(view: View) -> Response:
    """Publish, archive or restore it, or send it to oneself."""
    key, action, form = view.request.path_params["key"], view.word("action", *_ACTIONS), view.form
    path = f"/api/templates/{key}"
    try:
        if action == "publish":
            version = form.text("version")
            body = {"note": form.text("note")} | ({"version": int(version)} if version.isdigit() else {})
            await view.api.send("POST", f"{path}/publish", body)
        elif action == "test":
            to = form.words("to")
            await view.api.send("POST", f"{path}/test/{form.text('channel')}", {"to": to})
        else:
            await view.api.send("POST", f"{path}/{action}")
    except Refused as refused:
        form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect(f"/panel/templates/{key}", view.translate("Done."))


@pages.get("/templates/{key}/mail")
async def mail(view: View) -> Response:
    """The mail by itself, for a frame that nothing gets out of."""
    shown = await _preview(view, view.request.path_params["key"], view.query("language"))
    html = (shown.get("email") or {}).get("html") or ""
    return HTMLResponse(html, headers={"Content-Security-Policy": MAIL_POLICY})


async def _shown(view: View, status: int = 200) -> Response:
    template = await _template(view)
    draft = template["draft"]
    language = view.form.text("language") or view.query("language") or draft["default_language"]
    shown: dict[str, Any] = {}
    if view.form.refused is None:
        view.form = Form(values=_values(template, language))
        shown = await _preview(view, template["key"], language)
    versions = (await view.api.get(f"/api/templates/{template['key']}/versions"))["data"]
    values = {"template": template, "language": language, "channels": CHANNELS, "shown": shown, "versions": versions}
    return view.page("texts/edit.html", status, **values)


async def _template(view: View) -> dict[str, Any]:
    return dict((await view.api.get(f"/api/templates/{view.request.path_params['key']}"))["data"])


async def _preview(view: View, key: str, language: str) -> dict[str, Any]:
    """As somebody gets it of whom only what is written here is known."""
    sample = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com", "phone": "+14155550123"}
    body = {"variables": sample} | ({"language": language} if language else {})
    try:
        return dict((await view.api.send("POST", f"/api/templates/{key}/preview", body))["data"]["channels"])
    except Refused as refused:
        if refused.status != 422:
            raise
        return {}


def _values(template: dict[str, Any], language: str) -> dict[str, Any]:
    draft = template["draft"]
    texts = {
        f"{channel}.{name}": draft.get(channel, {}).get(language, {}).get(name)
        for channel, names in _NAMES.items()
        for name in names
    }
    return texts | {"name": template["name"], "missing": draft["missing"]}


def _body(form: Form, draft: dict[str, Any], language: str) -> dict[str, Any]:
    """The draft with the texts of one language as the form has them."""
    body = {**draft, "name": form.text("name"), "missing": form.text("missing") or "refuse"}
    body.setdefault("default_language", language)
    for channel, names in _NAMES.items():
        written = {name: text for name in names if (text := form.raw(f"{channel}.{name}").strip("\n"))}
        others = {code: texts for code, texts in draft.get(channel, {}).items() if code != language}
        known = draft.get(channel, {}).get(language, {})
        kept = {name: value for name, value in known.items() if name not in names}  # such as a provider's template
        body[channel] = others | ({language: kept | written} if written or kept else {})
    return body
