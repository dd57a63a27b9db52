"""Where Temporal shows a workflow."""

from runtime.settings import Settings
from services.workflows.naming import web_page


def test_ids_are_part_of_the_address_whatever_is_in_them():
    settings = Settings(temporal_ui="https://temporal.example.com/", temporal_namespace="shop")
    found = web_page(settings, "lead-7-a/b c", "run")
    assert found == "https://temporal.example.com/namespaces/shop/workflows/lead-7-a%2Fb%20c/run/history"
    assert web_page(Settings(temporal_ui=""), "send-1", "run") is None
