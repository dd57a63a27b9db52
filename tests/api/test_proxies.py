"""Whose word about a caller's address counts: never that of whole regions of the internet."""

import pytest

from api.limits.proxies import check_proxies


@pytest.mark.parametrize(
    "value",
    [
        *("*", "127.0.0.1,*", "10.0.0.7, *"),
        *("0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "10.0.0.7,0.0.0.0/0", "8.0.0.0/7"),
        *("::/0", "::/1", "8000::/1", "2000::/3", "2001::/16", "::/8"),
        *("::ffff:0:0/96", "::ffff:0.0.0.0/97", "::ffff:0:0/95"),
    ],
)
def test_an_api_that_would_believe_strangers_does_not_start(value: str):
    with pytest.raises(SystemExit, match="FORWARDED_ALLOW_IPS"):
        check_proxies(value)


@pytest.mark.parametrize("value", ["10.0.0.1/8", "10.0.0.0/33", "10.0.0/24", "fd00::1/8", "proxy/24"])
def test_a_network_that_no_address_can_be_in_is_refused_too(value: str):
    with pytest.raises(SystemExit, match="is no network"):
        check_proxies(value)


@pytest.mark.parametrize(
    "value",
    [
        *("", "127.0.0.1", "127.0.0.1,::1", "10.0.0.7, 10.0.1.0/24", "10.0.0.0/8", "172.30.199.2"),
        *("fd00::/8", "fd12:3456::/32", "fe80::/10", "2001:db8:1::/48", "::ffff:10.0.0.0/104", "unix:"),
    ],
)
def test_ones_own_networks_are_believed(value: str):
    check_proxies(value)
