"""Which country a telephone number belongs to."""

import phonenumbers


def is_in(e164: str, countries: frozenset[str]) -> bool:
    """Whether a number belongs to one of these countries (ISO 3166). Numbers of no country, such as those of satellite
    phones, do not.

    Most country codes are those of one country, which needs no more than a look at them. Where several share one, a
    number that no table has counts as one of the largest.
    """
    sharing = _regions(e164)
    allowed = countries.intersection(sharing)
    if len(allowed) in (0, len(sharing)):
        return bool(allowed)
    return (phonenumbers.region_code_for_number(phonenumbers.parse(e164)) or sharing[0]) in allowed


def _regions(e164: str) -> tuple[str, ...]:
    """Those that share the number's country code, the largest first."""
    known = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    heads = (int(e164[1 : 1 + length]) for length in (1, 2, 3))
    return next((known[head] for head in heads if head in known), ())
