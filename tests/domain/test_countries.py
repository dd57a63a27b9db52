"""Which country a number belongs to."""

import pytest

from domain.countries import is_in


@pytest.mark.parametrize(
    ("number", "countries", "allowed"),
    [
        ("+33612345678", {"FR"}, True),
        ("+33612345678", {"DE"}, False),
        ("+14155550123", {"US"}, True),
        ("+14155550123", {"CA"}, False),
        ("+14165550123", {"CA"}, True),
        ("+14165550123", {"US"}, False),
        ("+12425550123", {"US", "CA"}, False),
        ("+12423591234", {"BS"}, True),
        ("+77012345678", {"KZ"}, True),
        ("+77012345678", {"RU"}, False),
        ("+79161234567", {"RU"}, True),
        ("+447400123456", {"GB"}, True),
        ("+447781123456", {"GB"}, False),
        ("+447781123456", {"GG", "GB"}, True),
        ("+15551234567", {"US"}, True),  # of no table: it counts as one of the largest country
        ("+15551234567", {"CA"}, False),
        ("+870773123456", {"FR", "US"}, False),  # satellites belong to no country
    ],
)
def test_a_number_belongs_to_its_country(number: str, countries: set[str], allowed: bool):
    assert is_in(number, frozenset(countries)) is allowed
