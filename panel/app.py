"""The panel, as a part of the application that serves the API."""

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route

from panel.account import routes as account
from panel.approvals import routes as approvals
from panel.attention import routes as attention
from panel.audit import routes as audit
from panel.automations import editing as automation_editing
from panel.automations import publishing as automation_publishing
from panel.automations import routes as automations
from panel.automations import rules as automation_rules
from panel.automations import runs as automation_runs
from panel.automations import versions as automation_versions
from panel.automations import whole as automation_whole
from panel.automations.testing import routes as automation_tests
from panel.batches import routes as batches
from panel.callbacks import routes as callbacks
from panel.campaigns import routes as campaigns
from panel.consent import routes as consent
from panel.contacts import merging as contact_merging
from panel.contacts import routes as contacts
from panel.credits import own as own_credits
from panel.credits import requests as credit_requests
from panel.devices import routes as devices
from panel.domains import routes as domains
from panel.failures import routes as failures
from panel.fields import routes as fields
from panel.frame import brand, errors, files, preferences
from panel.frame.live import Look, Streams, live
from panel.gateways import editing as gateway_forms
from panel.gateways import routes as gateways
from panel.groups import routes as groups
from panel.help import routes as help_pages
from panel.home import routes as home
from panel.hooks import routes as hooks
from panel.http.client import Refused
from panel.http.errors import ForeignForm, NotThere
from panel.http.headers import SecureHeaders
from panel.http.pages import Pages
from panel.imports import routes as imports
from panel.keys import routes as keys
from panel.leads import routes as leads
from panel.links import routes as links
from panel.messages import routes as messages
from panel.operations import routes as operations
from panel.persons import routes as persons
from panel.plans import routes as plans
from panel.reference import routes as reference
from panel.replies import routes as replies
from panel.reputation import routes as reputation
from panel.reputation import warm_ups
from panel.requests import routes as requests
from panel.sample_data import routes as sample_data
from panel.sandbox import routes as sandbox
from panel.saved_views import routes as saved_views
from panel.search import routes as search
from panel.secrets import routes as secrets
from panel.security import confirming
from panel.security import routes as security
from panel.segments import routes as segments
from panel.send import routes as send
from panel.settings import oidc
from panel.settings import routes as settings
from panel.signing_in import routes as signing_in
from panel.staff import roles
from panel.staff import routes as staff
from panel.system import engine
from panel.system import routes as system
from panel.system import workflows as system_workflows
from panel.texts import routes as texts
from panel.users import actions as user_actions
from panel.users import routes as users

_SUBJECTS: tuple[Pages, ...] = (
    signing_in.pages,
    preferences.pages,
    account.pages,
    home.pages,
    attention.pages,
    attention.bell_pages,
    saved_views.pages,
    sample_data.pages,
    automation_editing.pages,
    automation_publishing.pages,
    automation_rules.pages,
    automation_runs.pages,
    automation_tests.pages,
    automation_versions.pages,
    automation_whole.pages,
    automations.pages,
    batches.pages,
    campaigns.pages,
    texts.pages,
    devices.pages,
    leads.pages,
    failures.pages,
    fields.pages,
    hooks.pages,
    replies.pages,
    search.pages,
    send.pages,
    messages.pages,
    contact_merging.pages,
    contacts.pages,
    groups.pages,
    help_pages.pages,
    warm_ups.gateway_pages,
    warm_ups.domain_pages,
    reputation.own,
    reputation.of_users,
    gateway_forms.pages,
    gateways.pages,
    keys.pages,
    requests.pages,
    reference.pages,
    callbacks.pages,
    domains.pages,
    links.pages,
    imports.pages,
    segments.pages,
    consent.pages,
    persons.own,
    persons.of_users,
    secrets.pages,
    security.pages,
    confirming.pages,
    sandbox.pages,
    users.pages,
    user_actions.pages,
    plans.pages,
    own_credits.pages,
    credit_requests.pages,
    staff.pages,
    roles.pages,
    approvals.pages,
    audit.pages,
    oidc.pages,
    settings.pages,
    system.pages,
    operations.own,
    operations.all_of_them,
    engine.pages,
    system_workflows.pages,
)

_LIVE: dict[str, Look] = {
    "attention": attention.look,
    "automation": automations.look,
    "batch": batches.look,
    "campaign": campaigns.look,
    "device": devices.look,
    "erasure": persons.look,
    "home": home.look,
    "hook": hooks.look,
    "inbox": sandbox.look,
    "job": system_workflows.look,
    "message": messages.look,
    "operation": operations.look,
    "queues": engine.look,
    "replay": failures.look,
    "run": automation_runs.look,
}
"""What of pages is told to change, by the topic."""


def attach(app: FastAPI) -> None:
    """Serve the panel under ``/panel``, as a client of the API of ``app``; ``/`` leads there."""
    streams = Streams()
    app.state.when_stopping.append(streams.stop)
    panel = Starlette(
        routes=[
            files.route,
            brand.route,
            *live(_LIVE, streams).routes,
            *(route for subject in _SUBJECTS for route in subject.routes),
        ],
        middleware=[Middleware(SecureHeaders), Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)],
        exception_handlers={
            Refused: errors.refused,
            ForeignForm: errors.foreign_form,
            NotThere: errors.not_found,
            404: errors.not_found,
            405: errors.not_found,
            500: errors.fault,
        },
    )
    panel.state.api = app
    app.router.routes += [Route("/", _to_panel), Route("/panel", _to_panel), Mount("/panel", panel)]


async def _to_panel(_: Request) -> Response:
    return RedirectResponse("/panel/")
