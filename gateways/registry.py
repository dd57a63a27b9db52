"""All types of gateway: how each is configured and built."""

from typing import Any

import orjson
from pydantic import ValidationError

from domain.channels import Channel
from domain.validation.sentences import in_words
from gateways import generic, sandbox
from gateways.base import Gateway, GatewayConfig, GatewayConnections, GatewayType
from gateways.config.problems import InvalidGatewayConfig, Problem
from gateways.email import brevo, mailgun, mailjet, postmark, resend, sendgrid, ses, smtp, sparkpost
from gateways.plugins import installed
from gateways.sms import android, infobip, messagebird, plivo, smsgate, twilio, vonage
from gateways.sms.smpp import gateway as smpp
from gateways.webhooks.webhook import Webhook
from gateways.whatsapp import cloud, cloud_webhook, evolution, evolution_webhook, waha, waha_webhook

_ALL = frozenset(Channel)
_EMAIL = frozenset({Channel.EMAIL})
_SMS = frozenset({Channel.SMS})
_WHATSAPP = frozenset({Channel.WHATSAPP})

_OURS = {
    entry.name: entry
    for entry in (
        GatewayType("http", _ALL, generic.HttpConfig, generic.HttpGateway),
        GatewayType("smtp", _EMAIL, smtp.SmtpConfig, smtp.SmtpGateway),
        GatewayType("sendgrid", _EMAIL, sendgrid.SendGridConfig, sendgrid.SendGridGateway, sendgrid.SendGridWebhook),
        GatewayType("smpp", _SMS, smpp.SmppConfig, smpp.SmppGateway, listens=True),
        GatewayType("resend", _EMAIL, resend.ResendConfig, resend.ResendGateway, resend.ResendWebhook),
        GatewayType("mailjet", _EMAIL, mailjet.MailjetConfig, mailjet.MailjetGateway, mailjet.MailjetWebhook),
        GatewayType(
            "sparkpost", _EMAIL, sparkpost.SparkPostConfig, sparkpost.SparkPostGateway, sparkpost.SparkPostWebhook
        ),
        GatewayType("ses", _EMAIL, ses.SesConfig, ses.SesGateway, ses.SesWebhook),
        GatewayType("mailgun", _EMAIL, mailgun.MailgunConfig, mailgun.MailgunGateway, mailgun.MailgunWebhook),
        GatewayType("postmark", _EMAIL, postmark.PostmarkConfig, postmark.PostmarkGateway, postmark.PostmarkWebhook),
        GatewayType("brevo", _EMAIL, brevo.BrevoConfig, brevo.BrevoGateway, brevo.BrevoWebhook),
        GatewayType("twilio", _SMS, twilio.TwilioConfig, twilio.TwilioGateway, twilio.TwilioWebhook),
        GatewayType("android", _SMS, android.AndroidConfig, android.AndroidGateway),
        GatewayType("vonage", _SMS, vonage.VonageConfig, vonage.VonageGateway, vonage.VonageWebhook),
        GatewayType("infobip", _SMS, infobip.InfobipConfig, infobip.InfobipGateway, infobip.InfobipWebhook),
        GatewayType("plivo", _SMS, plivo.PlivoConfig, plivo.PlivoGateway, plivo.PlivoWebhook),
        GatewayType(
            "messagebird",
            _SMS,
            messagebird.MessageBirdConfig,
            messagebird.MessageBirdGateway,
            messagebird.MessageBirdWebhook,
        ),
        GatewayType("smsgate", _SMS, smsgate.SmsGateConfig, smsgate.SmsGateGateway, smsgate.SmsGateWebhook),
        GatewayType(
            "whatsapp_cloud",
            _WHATSAPP,
            cloud.WhatsAppCloudConfig,
            cloud.WhatsAppCloudGateway,
            cloud_webhook.WhatsAppCloudWebhook,
            aliases=("meta",),
        ),
        GatewayType(
            "evolution",
            _WHATSAPP,
            evolution.EvolutionConfig,
            evolution.EvolutionGateway,
            evolution_webhook.EvolutionWebhook,
        ),
        GatewayType("waha", _WHATSAPP, waha.WahaConfig, waha.WahaGateway, waha_webhook.WahaWebhook),
        GatewayType("sandbox", _ALL, sandbox.SandboxConfig, sandbox.build),
    )
}

BUILT_IN = frozenset(_OURS)
"""The types that come with xsender."""

GATEWAY_TYPES: dict[str, GatewayType] = {**_OURS, **installed(_OURS)}
"""By name: ours, and those of packages that are installed beside xsender."""

LISTENING_TYPES = tuple(name for name, entry in GATEWAY_TYPES.items() if entry.listens)
"""Those whose gateways one process of all is connected to, and sends through."""


def parse_config(type_name: str, channel: Channel, raw: dict[str, Any]) -> GatewayConfig:
    """Check a configuration. Raises ``InvalidGatewayConfig`` for an unknown type, a wrong channel, or wrong fields."""
    return read_config(find_type(type_name), channel, raw)


def find_type(name: str) -> GatewayType:
    """A type by its name. Raises ``InvalidGatewayConfig`` if there is none."""
    if (entry := GATEWAY_TYPES.get(name)) is None:
        known = ", ".join(GATEWAY_TYPES)
        raise InvalidGatewayConfig([Problem("/type", "unknown_type", f"is not a type of gateway; known are {known}")])
    return entry


def read_config(entry: GatewayType, channel: Channel, raw: dict[str, Any]) -> GatewayConfig:
    """As ``parse_config``, for a type at hand."""
    if channel not in entry.channels:
        raise InvalidGatewayConfig([Problem("/channel", "wrong_channel", f"{entry.name} does not carry {channel}")])
    try:
        return entry.config.model_validate_json(orjson.dumps(raw))
    except ValidationError as error:
        raise InvalidGatewayConfig(_problems(error)) from None


def build(type_name: str, config: GatewayConfig, outside: GatewayConnections) -> Gateway:
    """Build a gateway from a configuration that ``parse_config`` returned for the same type."""
    return GATEWAY_TYPES[type_name].build(config, outside)


def build_webhook(type_name: str, config: GatewayConfig, outside: GatewayConnections) -> Webhook | None:
    """Build a gateway's end of its provider's webhook; ``None``: this type of gateway has none."""
    make = GATEWAY_TYPES[type_name].webhook
    return make(config, outside) if make else None


def webhook_at(channel: Channel, provider: str) -> tuple[str, type[Webhook]] | None:
    """The type of gateway whose webhook is at ``/api/webhook/{channel}/{provider}``, and its webhook."""
    for entry in GATEWAY_TYPES.values():
        if entry.webhook and channel in entry.channels and provider in (entry.name, *entry.aliases):
            return entry.name, entry.webhook
    return None


def _problems(error: ValidationError) -> list[Problem]:
    return [
        Problem(_pointer(entry["loc"]), entry["type"], in_words(entry))
        for entry in error.errors(include_url=False, include_input=False)
    ]


def _pointer(location: tuple[int | str, ...]) -> str:
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in location)
    return "/".join(["/config", *steps])
