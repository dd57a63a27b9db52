"""``xsender template``: templates of messages."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson, OwnerOption
from cli.output import emit
from cli.session import Session, run, run_change

if TYPE_CHECKING:
    from services.audience.templates.models import TemplateBody
    from services.changes import Change

app = typer.Typer(help="Templates of messages: drafts and versions.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(metavar="KEY", help="As send requests name it.")]
Number = Annotated[int | None, typer.Option("--version", help="Left out: the draft.")]


@app.command("list")
def list_templates(owner: OwnerOption = 0, as_json: AsJson = False) -> None:
    """List the templates of an account, the newest first."""
    from services.audience.templates.shown import head
    from store.audience.templates.templates import page

    found = run(lambda session: page(session.pool, owner, None, 2**63 - 1, 1000))
    emit([head(template) for template in found], as_json)


@app.command()
def show(key: Key, version: Number = None, owner: OwnerOption = 0, as_json: AsJson = False) -> None:
    """Show a template with its draft, or a version."""
    from services.audience.templates.shown import shown, shown_version
    from store.audience.templates import templates

    async def work(session: Session) -> dict[str, Any]:
        found = await templates.get(session.pool, owner, key)
        return shown(found) if version is None else shown_version(await templates.version(session.pool, found, version))

    emit(run(work), as_json)


@app.command("set")
def set_template(
    key: Key,
    file: Annotated[Path, typer.Option("--file", exists=True, dir_okay=False, help="JSON, as the API takes it.")],
    owner: OwnerOption = 0,
    as_json: AsJson = False,
) -> None:
    """Add a template, or replace its draft."""
    from services.audience.templates.reading import read_draft
    from services.audience.templates.rules import save_template
    from services.audience.templates.shown import head

    draft = read_draft(key, file.read_bytes())

    async def work(made: "Change") -> dict[str, Any]:
        return head(await save_template(made, owner, key, draft))

    emit(run_change("template.saved", work), as_json)


@app.command()
def publish(
    key: Key,
    version: Annotated[int | None, typer.Option("--version", help="An older one, to roll back.")] = None,
    note: Annotated[str, typer.Option("--note", help="What has changed.")] = "",
    owner: OwnerOption = 0,
    as_json: AsJson = False,
) -> None:
    """Publish a template's draft, or an older version again, as a new version."""
    from services.audience.templates.models import TemplateBody
    from services.audience.templates.preparing import prepare
    from services.audience.templates.rules import publish_template
    from services.audience.templates.shown import version_head
    from store.audience.templates import templates

    async def work(made: "Change") -> dict[str, Any]:
        found = await templates.get(made.store, owner, key, lock=True)
        texts = found.draft if version is None else (await templates.version(made.store, found, version)).body
        ready = await prepare(_checked(TemplateBody.model_validate(texts)))
        return version_head(await publish_template(made, found, texts, ready, note, version))

    emit(run_change("template.published", work), as_json)


@app.command()
def preview(
    key: Key,
    variables: Annotated[str, typer.Option("--variables", metavar="JSON", help='Such as {"name": "Ada"}.')] = "{}",
    language: Annotated[str | None, typer.Option("--language", help="Left out: the default.")] = None,
    version: Number = None,
    owner: OwnerOption = 0,
    as_json: AsJson = False,
) -> None:
    """Show what a recipient would get, at one credit for each part."""
    from services.audience.templates.preview import preview as previewed
    from services.audience.templates.reading import named_of, read_variables
    from services.contacts.read import Terms
    from store.audience.templates import templates

    given = read_variables(variables)

    async def work(session: Session) -> dict[str, Any]:
        found = await templates.get(session.pool, owner, key)
        named = await named_of(session.pool, found, version)
        return previewed(named, given, language, Terms("UTC", None, owner, None))

    shown = run(work)
    emit(shown if as_json else [{"channel": channel, **one} for channel, one in shown.items()], as_json)


def _checked(body: "TemplateBody") -> "TemplateBody":
    from services.audience.templates.checking import check_body

    if error := check_body(body):
        raise error
    return body
