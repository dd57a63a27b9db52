"""All routes of the API, in the order in which they are compared with an address."""

from functools import cache

from fastapi import APIRouter
from starlette.routing import BaseRoute

from api import health
from api.admin import devices as admin_devices
from api.admin import gateway_templates, lead_pages
from api.admin import gateways as admin_gateways
from api.admin import guards as admin_guards
from api.admin import reputation as admin_reputation
from api.admin.access import acting, approvals, audit, invitations, staff
from api.admin.access import oidc as admin_oidc
from api.admin.accounts import bulk, credit_requests, credits, keys, plans, subscriptions, users
from api.admin.accounts import domains as admin_domains
from api.admin.accounts import persons as admin_persons
from api.admin.install import codec, sending_pauses, settings_file, system, workflows
from api.admin.install import operations as admin_operations
from api.admin.install import settings as install_settings
from api.admin.messages import batches as admin_batches
from api.admin.messages import callbacks as admin_callbacks
from api.admin.messages import inbound as admin_inbound
from api.admin.messages import lists as admin_lists
from api.admin.messages import messages as admin_messages
from api.admin.messages import replays as admin_replays
from api.admin.messages import retries as admin_retries
from api.admin.messages import sandbox, suppressions
from api.admin.reports import alerts, overview
from api.admin.reports import requests as admin_requests
from api.admin.reports import usage as admin_usage
from api.auth import oidc, totp
from api.auth import passwords as own_passwords
from api.auth import routes as log_in
from api.auth import sessions as own_sessions
from api.auth import views as saved_views
from api.automations import routes as automations
from api.automations import runs as automation_runs
from api.automations import secrets as account_secrets
from api.automations import simulating as automation_simulating
from api.automations import steering as automation_steering
from api.automations.hooks import maps as hook_maps
from api.automations.hooks import posting as hook_posts
from api.automations.hooks import routes as automation_hooks
from api.automations.results import counts as automation_counts
from api.automations.results import failures as automation_failures
from api.automations.versions import definitions as automation_definitions
from api.automations.versions import publishing as automation_publishing
from api.batches import routes as batches
from api.callbacks import deliveries as callback_deliveries
from api.callbacks import routes as callbacks
from api.campaigns import actions as campaign_actions
from api.campaigns import routes as campaigns
from api.consent import confirming, consents, preferences, purposes, subscribe
from api.consent import suppressions as own_suppressions
from api.contacts import fields as contact_fields
from api.contacts import groups as contact_groups
from api.contacts import imports as contact_imports
from api.contacts import routes as contacts
from api.contacts import upserts as contact_upserts
from api.credits import alerts as credit_alerts
from api.credits import routes as own_credits
from api.devices import routes as devices
from api.devices import tokens as device_tokens
from api.devices.door import messages as phone_messages
from api.devices.door import registration as phone_sessions
from api.devices.door import sims as phone_sims
from api.devices.smsgate import messages as app_messages
from api.devices.smsgate import registration as app_registration
from api.devices.smsgate import settings as app_settings
from api.devices.smsgate import webhooks as app_webhooks
from api.domains import routes as domains
from api.events import routes as events
from api.gateways import own as own_gateways
from api.gateways import routes as gateways
from api.gateways import types as gateway_types
from api.guards import routes as guards
from api.http.screened_router import ScreenedRouter
from api.inbound import routes as inbound
from api.keys import routes as own_keys
from api.leads import importing as lead_imports
from api.leads import routes as leads
from api.leads import sources as lead_sources
from api.leads import speed as lead_speed
from api.leads import trying as lead_trials
from api.leads.doors import form as lead_forms
from api.leads.doors import google as google_leads
from api.leads.doors import linkedin as linkedin_leads
from api.leads.doors import meta as meta_leads
from api.leads.doors import meta_users
from api.links import redirects
from api.links import routes as links
from api.messages import changes as waiting
from api.messages import lists, mail_links, replaying
from api.messages import routes as status
from api.operations import routes as operations
from api.persons import routes as persons
from api.reference import page as reference
from api.reference.openapi import operation_id
from api.reports import attention, branding, requests, usage
from api.reputation import routes as reputation
from api.reputation import warm_ups
from api.sample_data import routes as sample_data
from api.segments import routes as segments
from api.sending import estimates
from api.sending import routes as send
from api.templates import previews as template_previews
from api.templates import routes as templates
from api.webhooks import routes as webhooks
from api.whatsapp import routes as whatsapp_templates

ROUTERS = (
    send.router,
    estimates.router,
    status.router,
    meta_leads.router,
    meta_users.router,
    linkedin_leads.router,
    google_leads.router,  # before those of other providers, whose addresses begin alike
    webhooks.router,  # early, as providers post often: routes are compared one after the other
    phone_sessions.router,
    phone_sims.router,
    phone_messages.router,  # so do phones
    app_messages.router,
    app_registration.router,
    app_settings.router,
    app_webhooks.router,
    device_tokens.router,
    devices.router,
    admin_devices.token_router,
    admin_devices.router,
    batches.router,  # before the paths that begin with a channel
    inbound.router,
    callbacks.router,
    callback_deliveries.router,
    warm_ups.router,
    gateways.router,
    own_gateways.router,
    gateway_types.router,
    own_keys.router,
    operations.router,
    operations.export_router,
    domains.router,
    links.router,
    contact_imports.router,  # before routes of single contacts
    purposes.router,
    segments.router,
    sample_data.router,
    whatsapp_templates.router,
    guards.router,
    admin_guards.router,
    campaigns.router,
    campaign_actions.router,
    automations.router,
    automation_failures.router,
    automation_counts.router,
    automation_publishing.router,
    automation_definitions.router,
    account_secrets.router,
    automation_runs.router,
    automation_steering.router,
    hook_posts.router,
    leads.router,  # before forms: one of its addresses begins alike
    lead_forms.router,
    automation_simulating.router,
    automation_hooks.router,
    hook_maps.router,
    lead_sources.router,
    lead_imports.router,
    lead_speed.router,
    lead_trials.router,
    templates.router,
    template_previews.router,
    events.router,
    consents.router,
    subscribe.router,
    own_suppressions.router,
    contact_upserts.router,  # before routes of single contacts
    contacts.router,
    persons.router,
    admin_persons.router,
    contact_groups.router,
    contact_fields.router,
    lists.router,
    replaying.router,
    waiting.router,
    bulk.router,
    users.router,
    subscriptions.router,
    credits.router,
    credit_requests.router,
    own_credits.router,
    credit_alerts.router,
    credit_alerts.admin_router,
    plans.router,
    keys.router,
    admin_domains.router,
    staff.router,
    audit.router,
    approvals.router,
    invitations.router,
    acting.router,
    log_in.router,
    own_sessions.router,
    saved_views.router,
    own_passwords.router,
    totp.router,
    oidc.router,
    oidc.browser_router,
    admin_oidc.router,
    admin_gateways.router,
    gateway_templates.router,
    admin_gateways.types_router,
    admin_messages.router,
    admin_lists.router,
    admin_replays.router,
    admin_retries.router,
    admin_batches.router,
    sandbox.router,
    suppressions.router,
    admin_inbound.router,
    admin_callbacks.router,
    sending_pauses.router,
    admin_reputation.router,
    lead_pages.router,
    install_settings.router,
    admin_operations.router,
    workflows.router,
    system.router,
    settings_file.router,
    codec.router,
    admin_usage.router,
    overview.router,
    alerts.router,
    attention.admin_router,
    usage.router,
    attention.router,
    reputation.router,
    warm_ups.admin_router,
    admin_requests.router,
    requests.router,
    branding.router,
    health.router,
    reference.router,
    mail_links.router,
    preferences.router,
    confirming.router,
    redirects.router,
)


@cache
def all_routes() -> list[BaseRoute]:
    """Those of all subjects. What FastAPI derives from them takes a second of CPU time: once, however many
    applications a process makes."""
    everything = APIRouter(generate_unique_id_function=operation_id)
    for router in ROUTERS:
        everything.include_router(ScreenedRouter(router))
    return everything.routes
