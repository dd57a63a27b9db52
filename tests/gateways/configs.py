"""A configuration of each type of gateway that is asked over HTTP. Nothing in them is genuine."""

from typing import Any

from domain.channels import Channel

CONFIGS: dict[str, tuple[Channel, dict[str, Any]]] = {
    "sendgrid": (Channel.EMAIL, {"api_key": "SG.key", "from_address": "shop@example.org", "from_name": "Shop"}),
    "mailgun": (Channel.EMAIL, {"api_key": "key-1", "domain": "mg.example.org", "from_address": "shop@example.org"}),
    "postmark": (Channel.EMAIL, {"server_token": "tok", "from_address": "shop@example.org"}),
    "brevo": (Channel.EMAIL, {"api_key": "xkeysib-1", "from_address": "shop@example.org"}),
    "resend": (Channel.EMAIL, {"api_key": "re_key", "from_address": "shop@example.org"}),
    "mailjet": (Channel.EMAIL, {"api_key": "pub", "secret_key": "prv", "from_address": "shop@example.org"}),
    "sparkpost": (Channel.EMAIL, {"api_key": "key", "from_address": "shop@example.org"}),
    "ses": (
        Channel.EMAIL,
        {
            "access_key_id": "AKIDEXAMPLE",
            "secret_access_key": "key",
            "region": "eu-west-1",
            "from_address": "shop@example.org",
        },
    ),
    "twilio": (Channel.SMS, {"account_sid": "AC0123", "auth_token": "tok", "from_number": "+15005550006"}),
    "vonage": (Channel.SMS, {"api_key": "abcd", "api_secret": "pst", "from_number": "+15005550006"}),
    "infobip": (
        Channel.SMS,
        {"api_key": "key", "from_number": "+15005550006", "base_url": "https://x1.api.infobip.com"},
    ),
    "plivo": (Channel.SMS, {"auth_id": "MA0123", "auth_token": "my_auth_token", "from_number": "+15005550006"}),
    "messagebird": (Channel.SMS, {"access_key": "key", "from_number": "+15005550006"}),
    "smsgate": (Channel.SMS, {"username": "shop", "password": "pass"}),
    "whatsapp_cloud": (Channel.WHATSAPP, {"phone_number_id": "1555", "access_token": "EAAG"}),
    "evolution": (Channel.WHATSAPP, {"base_url": "https://evo.example.com", "instance": "my shop", "api_key": "evo"}),
    "waha": (Channel.WHATSAPP, {"base_url": "https://paired.example.com", "session": "shop", "api_key": "waha"}),
}
