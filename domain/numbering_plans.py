"""Whether a number exists, by the patterns of ``phonenumbers``, combined so that one match is enough.

The library tries up to a dozen patterns per number, one for each kind of line, and again for each region of a country
code. The kind does not matter to us, so its patterns become one, for each length that a number may have.
"""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneMetadata
from phonenumbers.phonemetadata import PhoneNumberDesc

_KINDS = (
    *("mobile", "fixed_line", "toll_free", "premium_rate", "shared_cost", "voip"),
    *("personal_number", "pager", "uan", "voicemail"),
)


class _Region:
    """The numbers of one region, without country code."""

    def __init__(self, metadata: PhoneMetadata) -> None:
        self.leading = re.compile(metadata.leading_digits) if metadata.leading_digits else None
        """Numbers with this prefix are this region's, valid or not. ``None``: its numbers are the valid ones."""
        self._general = metadata.general_desc
        self._kinds = [getattr(metadata, name) for name in _KINDS]
        self._by_length: dict[int, tuple[re.Pattern[str], re.Pattern[str]]] = {}

    def has(self, national: str) -> bool:
        """Whether a number is valid here: it matches the general pattern, and that of some kind of line."""
        length = len(national)
        if length not in self._by_length:  # made when needed, as it takes milliseconds
            self._by_length[length] = _joined([self._general], length), _joined(self._kinds, length)
        general, any_kind = self._by_length[length]
        return general.fullmatch(national) is not None and any_kind.fullmatch(national) is not None


def _joined(descriptions: list[PhoneNumberDesc | None], length: int) -> re.Pattern[str]:
    """One pattern for all numbers of a length that fit any of the descriptions; it may fit none."""
    patterns = [
        f"(?:{description.national_number_pattern})"
        for description in descriptions
        if description is not None
        and description.national_number_pattern
        and (not description.possible_length or length in description.possible_length)
    ]
    return re.compile("|".join(patterns) or r"(?!)")


class NumberingPlan:
    """The numbers of one country code."""

    def __init__(self, country_code: int) -> None:
        names = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[country_code]
        found = [PhoneMetadata.metadata_for_region_or_calling_code(country_code, name) for name in names]
        self._regions = [_Region(metadata) for metadata in found if metadata is not None]
        prefix = found[0].national_prefix_for_parsing if found[0] is not None else None
        self._national_prefix = re.compile(prefix) if prefix else None

    def may_strip(self, national: str) -> bool:
        """Whether parsing may strip a prefix of a number, besides leading zeros."""
        return self._national_prefix is not None and self._national_prefix.match(national) is not None

    def has(self, national: str) -> bool:
        """Whether a number, without its country code, is valid."""
        if len(self._regions) == 1:
            return self._regions[0].has(national)
        for region in self._regions:
            if region.leading is None:
                if region.has(national):
                    return True
            elif region.leading.match(national):
                return region.has(national)
        return False


@lru_cache(maxsize=512)
def numbering_plan(country_code: int) -> NumberingPlan:
    """The plan of a country code, one of those that the library knows."""
    return NumberingPlan(country_code)
