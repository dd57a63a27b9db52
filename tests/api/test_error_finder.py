"""Which errors operations may answer is found in the source: the file that the OpenAPI document reads is in step."""

import pytest

from api.reference.error_codes import CODES
from api.reference.operation_errors import codes_of_every_request, codes_of_operation
from tests.api.application import document
from tests.api.error_finder import WRITTEN, text


def test_the_file_is_in_step_with_the_source():
    assert WRITTEN.read_text() == text(), "python -m tests.api.error_finder"


@pytest.mark.parametrize(
    ("operation", "status", "code"),
    [
        ("sendSms", 402, "no_credit"),
        ("sendSms", 422, "number_invalid"),
        ("sendEmail", 422, "from_not_verified"),
        ("pauseBatch", 409, "batch_ended"),
        ("addOwnGateway", 403, "own_gateways_denied"),
        ("createUser", 409, "email_taken"),
        ("resolveMessage", 409, "not_unknown"),
        ("logIn", 401, "log_in_refused"),
        ("askForCredits", 422, "proof_type"),
    ],
)
def test_errors_are_found_from_routes_down_to_the_store(operation: str, status: int, code: str):
    assert code in codes_of_operation(operation, status)


@pytest.mark.parametrize("operation", ["getMe", "listGateways", "getBatch"])
def test_operations_have_no_errors_of_others(operation: str):
    found = {code for status in CODES for code in codes_of_operation(operation, status)}
    assert not found & {"no_credit", "email_taken", "template_archived", "idempotency_in_flight"}


def test_those_of_every_request_are_told_once():
    every = codes_of_every_request()
    assert {"unauthorized", "permission_missing", "rate_limited", "json_syntax"} <= set(every)
    told = document()["paths"]["/api/batches/{uid}/pause"]["post"]["responses"]
    assert "batch_ended" in told["409"]["description"]
    assert "unauthorized" not in told["401"]["description"]
    parts = document()["components"]["schemas"]["Error"]["properties"]["errors"]["items"]["properties"]
    assert all(f"`{code}`" in parts["code"]["description"] for code in every)
