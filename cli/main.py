"""The command ``xsender``: all subcommands, and error reporting."""

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cli.approvals import app as approval
from cli.audit import app as audit
from cli.automations import app as automation
from cli.batches import app as batch
from cli.benchmark import benchmark
from cli.callbacks import app as callback
from cli.campaigns import app as campaign
from cli.consent import add_to as add_consent_to
from cli.contacts import app as contact
from cli.contacts import field_app as contact_field
from cli.contacts import group_app as group
from cli.credits import app as credit
from cli.deploys import app as deploy
from cli.deploys import replay_check
from cli.devices import app as device
from cli.doctor import doctor
from cli.domains import app as domain
from cli.failed_messages import app as failures
from cli.gateways import app as gateway
from cli.guards import app as guards
from cli.hooks import app as hook
from cli.keyring import app as keyring
from cli.keys import app as key
from cli.leads import app as lead
from cli.links import app as link_domain
from cli.messages import app as message
from cli.oidc import app as oidc
from cli.operations import app as operation
from cli.output import fail
from cli.people import add_to as add_people_to
from cli.people import session
from cli.persons import app as person
from cli.phone import phone
from cli.plans import app as plan
from cli.processes import add_to
from cli.reputation import app as reputation
from cli.roles import app as role
from cli.secrets import app as secret
from cli.segments import app as segment
from cli.sending_pauses import app as sending
from cli.session import choose_install
from cli.settings import app as settings
from cli.staff import app as staff
from cli.templates import app as template
from cli.usage import usage
from cli.users import app as user
from cli.workflows import app as workflows
from runtime.exit import run_and_exit

app = typer.Typer(
    help="Open messaging and automation platform: email, SMS and WhatsApp through your own gateways.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(user, name="user")
app.add_typer(plan, name="plan")
app.add_typer(credit, name="credit")
app.add_typer(gateway, name="gateway")
app.add_typer(device, name="device")
app.add_typer(domain, name="domain")
app.add_typer(link_domain, name="link-domain")
app.add_typer(automation, name="automation")
app.add_typer(hook, name="hook")
app.add_typer(lead, name="lead")
app.add_typer(secret, name="secret")
app.add_typer(contact, name="contact")
app.add_typer(person, name="person")
app.add_typer(group, name="group")
app.add_typer(contact_field, name="contact-field")
app.add_typer(key, name="key")
app.add_typer(keyring, name="keyring")
app.add_typer(staff, name="staff")
app.add_typer(role, name="role")
app.add_typer(oidc, name="oidc")
app.add_typer(session, name="session")
app.add_typer(audit, name="audit")
app.add_typer(settings, name="settings")
app.add_typer(approval, name="approval")
app.add_typer(batch, name="batch")
app.add_typer(callback, name="callback")
app.add_typer(message, name="message")
app.add_typer(failures, name="failures")
app.add_typer(segment, name="segment")
app.add_typer(guards, name="guards")
app.add_typer(campaign, name="campaign")
app.add_typer(template, name="template")
app.command()(usage)
app.command()(doctor)
app.command()(benchmark)
app.add_typer(deploy, name="deploy")
app.add_typer(workflows, name="workflows")
app.command()(replay_check)
app.command()(phone)
app.add_typer(sending, name="sending")
app.add_typer(reputation, name="reputation")
app.add_typer(operation, name="operation")
add_to(app)
add_people_to(app)
add_consent_to(app)


@app.callback()
def choose(
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", envvar="XSENDER_DATA_DIR", help="Folder of the install; .xsender if that exists."),
    ] = None,
) -> None:
    """Choose the install."""
    choose_install(data_dir)


def main() -> NoReturn:
    """The process ``xsender``."""
    _keep_to_our_own_settings()
    run_and_exit(command)


def _keep_to_our_own_settings() -> None:
    """Ignore settings of the environment that are not ours.

    Connections take their options from our settings only, not from variables of psql. Text that a terminal
    cannot show is escaped instead of failing, as a change may have been made already.
    """
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def command() -> NoReturn:
    """Run the command line. Ends with code 1 and a message on errors that the user can fix."""
    as_json = "--json" in sys.argv
    try:
        _refuse_broken_text(sys.argv)
        sys.exit(app(standalone_mode=False))
    except typer.Abort:
        sys.exit(130)
    except typer.TyperException as error:
        fail(error.format_message(), as_json)
    except Exception as error:
        from cli.failures import explain

        explained = explain(error)
        if explained is None:
            raise
        fail(explained, as_json)
    sys.exit(1)


def _refuse_broken_text(arguments: list[str]) -> None:
    """Refuse invalid UTF-8: it arrives as lone surrogates, which neither database nor providers accept."""
    try:
        "".join(arguments).encode()
    except UnicodeEncodeError:
        raise typer.BadParameter("the arguments are not valid UTF-8 text") from None
