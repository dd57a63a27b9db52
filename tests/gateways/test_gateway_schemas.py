"""The schema of a configuration says what the configuration itself says."""

import pytest

from gateways.config.schemas import config_schema
from gateways.registry import GATEWAY_TYPES


@pytest.mark.parametrize("name", GATEWAY_TYPES)
def test_every_field_is_there_and_exactly_the_secrets_are_write_only(name):
    config = GATEWAY_TYPES[name].config
    properties = config_schema(GATEWAY_TYPES[name])["properties"]
    assert properties.keys() == config.model_fields.keys()
    assert {field for field, schema in properties.items() if "writeOnly" in schema} == config.SECRETS


def test_fields_carry_what_their_docstrings_say_inherited_ones_too():
    properties = config_schema(GATEWAY_TYPES["sendgrid"])["properties"]
    assert properties["webhook_public_key"]["description"].startswith("The verification key")
    assert properties["timeout"]["description"] == "Seconds for the request and its whole answer."
    assert "description" not in properties["api_key"]
    receipts = properties["receipts"]["description"]
    assert "`None`" in receipts
    assert "\n" not in receipts
