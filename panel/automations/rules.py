"""Rules of an automation as a whole: who may enter and how often, what it is for, and when it may send."""

from typing import Any

from starlette.responses import Response

from panel.automations.editing import definition_of
from panel.automations.forms.conditions import JOINS, NotReadable, edited
from panel.automations.forms.exits import edited_exits, entered_exits, exits_from, stored_exits, wrong_in_exits
from panel.automations.forms.faults import refusal
from panel.automations.forms.fields import Field, on_error
from panel.automations.forms.filling import conditions_of, filled, rows_of, values_of
from panel.automations.forms.page import choices, types_of
from panel.automations.testing.examples import offers
from panel.http.client import Refused
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.view import View
from panel.rendering.words import _
from panel.segments import words as condition_words

pages = Pages("automations", in_account=True)

_DAYS = _("mon, tue, wed, thu, fri, sat, sun")
ENTRY = (
    Field("entry.filter", _("Only who fits"), "condition"),
    Field("entry.re_entry.mode", _("Again"), "choice", choices=("never", "after_exit", "always")),
    Field("entry.re_entry.pause", _("Not before"), hint=_("How long after it left: 7d.")),
    Field("entry.key", _("Told apart by"), hint=_("Such as {{ event.order_id }}: the same entry comes in once.")),
    Field("entry.on_duplicate", _("If the same comes again"), "choice", choices=("ignore", "restart", "update")),
    Field("entry.create_contact", _("Who is no contact yet"), "flag", choices=("true", "false")),
    Field("settings.max_entries_per_hour", _("Entries in an hour, at most"), "number", hint=_("Such as 1000.")),
    Field(
        "entry.caps",
        _("How often each may enter"),
        "rows",
        hint=_("Such as 3 times in 30d. All of these limits hold."),
        rows=(
            Field("count", _("Times, at most"), "number", example="3", required=True),
            Field("per", _("in"), example="30d", required=True),
        ),
        most=5,
        each=_("Limit"),
    ),
)
GOAL = (
    Field("goal.event", _("Event"), hint=_("Such as order.paid. It is counted once for each person.")),
    Field("goal.match", _("Only if"), "match"),
    Field("goal.within", _("Within"), hint=_("So long after the entry: 14d.")),
)
SENDING = (
    Field("settings.send_window.days", _("On these days"), "words", hint=_DAYS),
    Field("settings.send_window.from", _("Only from"), hint=_("A time of the day: 09:00.")),
    Field("settings.send_window.to", _("until")),
    Field("settings.timezone", _("Time zone"), hint=_("contact, account, or such as Europe/Berlin.")),
    Field("settings.cap.messages", _("Messages to a person, at most"), "number"),
    Field("settings.cap.per", _("in"), hint=_("Such as 1d.")),
    Field("settings.lane", _("Lane"), "choice", choices=("transactional", "bulk")),
)
FAILING = on_error("settings.on_error", ("stop", "skip", "exit"), _("Of steps that say nothing else."))
_FIELDS = (*ENTRY, *GOAL, *SENDING, *FAILING)


@pages.get("/automations/{key}/rules")
async def rules_page(view: View) -> Response:
    """As they are in the draft."""
    _automation, definition = await definition_of(view, _key(view))
    return await _shown(view, definition, stored=True)


@pages.post("/automations/{key}/rules")
async def change_rules(view: View) -> Response:
    """Save them in the draft; or show the form with a line more or less."""
    _automation, definition = await definition_of(view, _key(view))
    if view.form.text("edit"):
        return await _shown(view, definition)
    try:
        types = await types_of(view)
        changed = filled(definition, view.form, _FIELDS, types)
        changed.pop("exit", None)
        changed |= {"exit": exits} if (exits := exits_from(view.form, types)) else {}
        await view.api.send("PUT", f"/api/automations/{_key(view)}/draft", changed)
    except (NotReadable, Refused) as error:
        wrong = refusal(view, error, _FIELDS, "") | (wrong_in_exits(error) if isinstance(error, Refused) else {})
        return await _shown(view, definition, wrong=wrong)
    return view.redirect(f"/panel/automations/{_key(view)}", view.translate("The draft is saved."))


async def _shown(
    view: View, definition: dict[str, Any], *, stored: bool = False, wrong: dict[str, str] | None = None
) -> Response:
    """``stored``: what the draft has is shown; otherwise the form that was sent."""
    edit, types = view.form.text("edit"), await types_of(view)
    conditions = conditions_of(definition if stored else None, view.form, _FIELDS, types)
    named, _bar, what = edit.partition("|")
    exits = edited_exits(stored_exits(definition, types) if stored else entered_exits(view.form), named, what)
    if named in conditions:
        conditions[named] = edited(conditions[named], what)
    rows = rows_of(definition if stored else None, view.form, _FIELDS, edit)
    if stored:
        view.form = Form(values=values_of(definition, _FIELDS))
    parts = [(_("Who enters"), ENTRY), (_("The goal"), GOAL), (_("When it sends"), SENDING)]
    parts.append((_("If a step fails"), FAILING))
    values: dict[str, Any] = {"key": _key(view), "parts": parts, "conditions": conditions, "wrong": wrong or {}}
    values |= {"exits": exits, "rows": rows}
    values |= {"edit": edit, "joins": JOINS, "words": condition_words}
    values |= await choices(view, definition, await offers(view, _key(view), definition))
    return view.page("automations/rules.html", 422 if wrong or view.form.refused else 200, **values)


def _key(view: View) -> str:
    return str(view.request.path_params["key"])
