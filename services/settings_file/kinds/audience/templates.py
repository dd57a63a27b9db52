"""Templates of users: a file has what is published. What differs from it is saved as the draft, and published."""

from pydantic import BaseModel

from services.audience.templates import rules
from services.audience.templates.checking import check_body, check_key
from services.audience.templates.models import TemplateBody, TemplateDraft
from services.audience.templates.preparing import prepare
from services.changes import Change
from services.settings_file.kind import Form
from services.settings_file.kinds.audience.owned import Owned
from store.audience.templates import templates
from store.pool import Connections

_NOTE = "settings file"


class Templates(Owned):
    """The kind ``templates``."""

    section, target = "templates", "template"
    actions = ("template.published", "template.published", "template.archived")
    model = TemplateDraft

    def form(self, body: BaseModel, name: str) -> Form:
        assert isinstance(body, TemplateDraft)
        check_key(name)
        if wrong := check_body(body):
            raise wrong
        return {"name": body.name, **body.body().stored()}

    async def find(self, store: Connections, account_id: int, name: str, *, lock: bool) -> Form | None:
        found = await templates.find(store, account_id, name, lock=lock)
        if found is None or found.published is None or found.archived_at is not None:
            return None
        published = await templates.version(store, found, found.published)
        return {"name": found.name, **TemplateBody.model_validate(published.body).stored()}

    async def write(self, change: Change, account_id: int, name: str, now: Form | None, form: Form) -> None:
        before = await templates.find(change.store, account_id, name, lock=True)
        if before is not None and before.archived_at is not None:
            await rules.archive_template(change, account_id, name, archived=False)
        draft = TemplateDraft.model_validate(form)
        saved = await rules.save_template(change, account_id, name, draft)
        texts = draft.body()
        if now is None or {**now, "name": saved.name} != form:
            await rules.publish_template(change, saved, texts.stored(), await prepare(texts), _NOTE)

    async def delete(self, change: Change, account_id: int, name: str) -> None:
        await rules.archive_template(change, account_id, name, archived=True)
