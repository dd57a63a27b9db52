import pytest

from gateways.email import ses
from tests.gateways.sns_signer import CERTIFICATE_URL, Amazon, certificate, rsa_key


@pytest.fixture
def amazon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Amazon hands its certificate out at no address but its own, so it is there instead of the outside."""
    amazon = Amazon({CERTIFICATE_URL: certificate(rsa_key(), days=36500)})
    monkeypatch.setattr(ses, "fetch_over", lambda http: amazon.fetch)
