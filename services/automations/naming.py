"""Whether all that a definition names is there, before it is published."""

from domain.audience.named_template import TemplateUse
from domain.automations.definition.flow import Flow
from domain.automations.definition.steps import Send, Start, Step
from domain.automations.definition.triggers import Webhook
from domain.channels import Channel
from domain.errors import FieldError, InvalidError, invalid, pointer
from domain.messages.routing import DEFAULT_GATEWAY
from domain.recipients import InvalidRecipient, normalise_email
from services.audience.templates.named import NamedTemplates
from services.automations.calls.checking import call_faults
from services.automations.telling.checking import telling_faults
from services.automations.triggering.checking import check_trigger
from store.automations import automations
from store.automations.hooks import hooks
from store.gateways.gateways import unknown_identifiers
from store.pool import Connections


async def check_named(store: Connections, templates: NamedTemplates, account_id: int, flow: Flow) -> None:
    """Refuse a definition that names what there is not, or has parts that cannot be taken yet.

    Raises:
        InvalidError: all such faults, each with its place.
    """
    faults = [*await _of_triggers(store, account_id, flow), *_of_settings(flow)]
    steps = _places("/steps", flow.steps)
    faults += await call_faults(store, account_id, steps)
    faults += await telling_faults(store, account_id, steps)
    for at, step in steps:
        match step:
            case Send():
                faults += await _of_send(store, templates, account_id, at, step)
            case Start():
                faults += await _of_start(store, account_id, flow, at, step)
    if faults:
        raise invalid(faults)


def _places(at: str, steps: tuple[Step, ...]) -> list[tuple[str, Step]]:
    found: list[tuple[str, Step]] = []
    for number, step in enumerate(steps):
        here = f"{at}/{number}"
        found.append((here, step))
        for arm in step.lists:
            inner = {"on_error": "on_error/arm"}.get(arm.key, arm.key)
            found += _places(f"{here}/{inner}" + ("/steps" if arm.key.startswith("arms/") else ""), arm.steps)
    return found


def _of_settings(flow: Flow) -> list[FieldError]:
    faults: list[FieldError] = []
    for place, address in enumerate(flow.settings.alert):
        try:
            normalise_email(address)
        except InvalidRecipient:
            message = "name an email address: whoever it belongs to is told of failures, beside the owner"
            faults.append(FieldError(f"/settings/alert/{place}", "alert_address", message))
    return faults


async def _of_triggers(store: Connections, account_id: int, flow: Flow) -> list[FieldError]:
    known = await hooks.has(store, account_id, [one.hook for one in flow.triggers if isinstance(one, Webhook)])
    faults: list[FieldError] = []
    for number, trigger in enumerate(flow.triggers):
        at = "/trigger" if "trigger" in flow.source else pointer("triggers", number)
        if isinstance(trigger, Webhook) and trigger.hook not in known:
            message = f"there is no hook {trigger.hook!r}: POST /api/hooks makes one"
            faults.append(FieldError(f"{at}/hook", "hook_unknown", message))
        faults += await check_trigger(store, account_id, at, trigger)
    return faults


async def _of_send(
    store: Connections, templates: NamedTemplates, account_id: int, at: str, step: Send
) -> list[FieldError]:
    faults = await _of_gateway(store, account_id, f"{at}/gateway", step.channel, step.gateway)
    if step.template:
        try:
            await templates.read(account_id, Channel(step.channel), TemplateUse(step.template))
        except InvalidError as error:
            faults.append(FieldError(f"{at}/template", error.code, error.message))
    for number, fallback in enumerate(step.fallback):
        here = f"{at}/fallback/{number}"
        if fallback.template is not None:
            message = "templates in fallbacks cannot be published yet: give content"
            faults.append(FieldError(f"{here}/template", "not_available", message))
        faults += await _of_gateway(store, account_id, f"{here}/gateway", fallback.channel, fallback.gateway)
    return faults


async def _of_gateway(
    store: Connections, account_id: int, at: str, channel: str, wanted: str | None
) -> list[FieldError]:
    if wanted is None or wanted == DEFAULT_GATEWAY:
        return []
    if not await unknown_identifiers(store, account_id, channel, [wanted]):
        return []
    return [FieldError(at, "gateway_not_found", f"there is no {channel} gateway {wanted!r} for this account")]


async def _of_start(store: Connections, account_id: int, flow: Flow, at: str, step: Start) -> list[FieldError]:
    found = step.automation == flow.key or await automations.find(store, account_id, step.automation)
    message = f"there is no automation {step.automation!r}"
    return [] if found else [FieldError(f"{at}/automation", "automation_unknown", message)]
