import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.devices.faults import fault


@pytest.mark.parametrize(
    ("code", "reason", "kind", "ours"),
    [
        ("RESULT_ERROR_NO_SERVICE", None, "sim_down", "android_no_service"),
        (None, "Send result: RESULT_ERROR_RADIO_OFF (Radio off)", "sim_down", "android_radio_off"),
        (None, "Send result: RESULT_RADIO_NOT_AVAILABLE (x)", "sim_down", "android_radio_not_available"),
        ("RESULT_RIL_MODEM_ERR", None, "sim_down", "android_modem_err"),
        ("RESULT_RIL_SIM_ABSENT", None, "sim_down", "android_sim_absent"),
        ("NO_SERVICE", None, "sim_down", "android_no_service"),
        (None, "Can't send message: SIM 2 not found", "sim_down", "android_no_sim"),
        (None, "Send result: RESULT_ERROR_LIMIT_EXCEEDED (…)", "cool_down", "android_limit_exceeded"),
        ("RESULT_RIL_REQUEST_RATE_LIMITED", None, "cool_down", "android_request_rate_limited"),
        ("RESULT_ERROR_SHORT_CODE_NOT_ALLOWED", None, "refused", "android_short_code_not_allowed"),
        ("RESULT_ERROR_GENERIC_FAILURE", None, "refused", "android_generic_failure"),
        ("RESULT_NETWORK_REJECT", None, "refused", "android_network_reject"),
        ("RESULT_UNEXPECTED_EVENT_STOP_SENDING", None, "refused", "android_unexpected_event_stop_sending"),
        (None, "Delivery result: 0x46", "refused", "android_undelivered"),
        (None, "TTL expired", "expired", "android_expired"),
    ],
)
def test_faults_of_phones_are_told_apart(code: str | None, reason: str | None, kind: str, ours: str) -> None:
    found = fault(code, reason)

    assert (found.kind, found.code) == (kind, ours)
    assert (found.cool_seconds > 0) is (kind in ("sim_down", "cool_down"))


def test_a_sim_that_met_the_limit_of_android_is_left_alone_for_its_whole_window() -> None:
    assert fault("RESULT_ERROR_LIMIT_EXCEEDED", None).cool_seconds == 1800


def test_a_message_is_given_to_no_other_sim_for_a_fault_that_is_not_known() -> None:
    assert fault(None, None).kind == "refused"
    assert fault("RESULT_SOMETHING_NEW", None).kind == "refused"
    assert fault(None, "Can't send message: the text is empty").kind == "refused"


@given(st.text() | st.none(), st.text() | st.none())
def test_any_texts_give_a_short_code_of_ours(code: str | None, reason: str | None) -> None:
    ours = fault(code, reason).code

    assert ours.startswith("android_")
    assert len(ours) <= 80
