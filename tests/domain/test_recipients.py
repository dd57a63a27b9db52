"""Numbers and addresses: what is read, what is refused, and that each has one form."""

import random
import re
from collections.abc import Iterator

import email_validator
import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.numbering_plans import numbering_plan
from domain.recipients import InvalidRecipient, normalise_email, normalise_number, read_number


def refusal_of_number(value: object, region: str | None = None) -> str:
    with pytest.raises(InvalidRecipient) as refusal:
        normalise_number(value, region)
    assert refusal.value.message
    return refusal.value.code


def refusal_of_email(value: object) -> str:
    with pytest.raises(InvalidRecipient) as refusal:
        normalise_email(value)
    assert refusal.value.message
    return refusal.value.code


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("+21698123456", "+21698123456"),
        ("21698123456", "+21698123456"),
        (21698123456, "+21698123456"),
        ("0021698123456", "+21698123456"),
        (" +1 (650) 253-0000 ", "+16502530000"),
        ("(+33) 6.12.34.56.78", "+33612345678"),
        ("+14155550123", "+14155550123"),
        ("+390612345678", "+390612345678"),
        ("+447911123456", "+447911123456"),
        ("+14165550123", "+14165550123"),
        ("+77012345678", "+77012345678"),
        ("+80012345678", "+80012345678"),
        ("+2250712345678", "+2250712345678"),
    ],
)
def test_reads_international_numbers(value: object, expected: str) -> None:
    assert normalise_number(value, None) == expected


@pytest.mark.parametrize(
    ("value", "region", "expected"),
    [
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("98123456", "TN", "+21698123456"),
        (98123456, "TN", "+21698123456"),
        ("(650) 253-0000", "US", "+16502530000"),
        ("16502530000", "US", "+16502530000"),
        ("06 1234 5678", "IT", "+390612345678"),
    ],
)
def test_reads_national_numbers_of_the_default_region(value: object, region: str, expected: str) -> None:
    assert normalise_number(value, region) == expected


def national_numbers(region: str, count: int) -> Iterator[str]:
    """Random valid numbers of a region, as they are dialled in it, in several spellings."""
    chance = random.Random(region)
    found = 0
    while found < count:
        digits = str(chance.randrange(10 ** chance.randrange(6, 11), 10**11))
        number = phonenumbers.PhoneNumber(
            country_code=phonenumbers.country_code_for_region(region), national_number=int(digits)
        )
        if phonenumbers.is_valid_number_for_region(number, region):
            found += 1
            yield str(number.national_number)
            yield phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)


@pytest.mark.parametrize("region", ["CN", "BR", "US", "IN", "GB", "FR", "TN", "ID", "NG", "MX"])
def test_a_number_dialled_in_the_default_region_goes_to_no_other_country(region: str) -> None:
    country = f"+{phonenumbers.country_code_for_region(region)}"
    for dialled in national_numbers(region, 150):
        read = read_number(dialled, region)
        assert read.is_known
        assert read.e164.startswith(country), dialled
        assert read.e164.endswith(re.sub(r"\D", "", dialled).lstrip("0")[-6:]), dialled


@pytest.mark.parametrize("value", ["+20 155 550 123", "0020155550123"])
def test_a_mark_of_an_international_number_goes_before_the_default_region(value: str) -> None:
    assert normalise_number(value, "US") == "+20155550123"


@pytest.mark.parametrize(
    ("value", "region", "expected"),
    [
        ("+15555550123", None, "+15555550123"),
        ("15555550123", None, "+15555550123"),
        ("(555) 555-0123", "US", "+15555550123"),
        ("+8619912345678", None, "+8619912345678"),
        ("+33999999999", None, "+33999999999"),
    ],
)
def test_a_number_that_is_possible_is_taken_before_the_tables_know_it(
    value: str, region: str | None, expected: str
) -> None:
    assert normalise_number(value, region) == expected


@pytest.mark.parametrize(("value", "is_known"), [("+15555550123", False), ("+16502530000", True)])
def test_it_is_told_whether_the_tables_know_a_number(value: str, is_known: bool) -> None:
    assert read_number(value, None).is_known == is_known


def test_digits_that_are_an_international_number_are_not_read_as_national() -> None:
    assert normalise_number("6591234567", "US") == "+6591234567"


@pytest.mark.parametrize(
    "value",
    [
        "+1-800-FLOWERS",
        "+16502530000;isub=1",
        "+16502530000;ext=5",
        "+16502530000 ext. 5",
        "+16502530000x5",
        "tel:+16502530000",
        "+16502530000\n",
        "+16502530000\x00",
        "+1650253\u200b0000",
        "+١٦٥٠٢٥٣٠٠٠٠",
        "＋16502530000",
        "++16502530000",
        "1650253+0000",
        "+16502530000,+16502530001",
        "",
        " ",
        "+",
        "\ud800",
        -16502530000,
        "1" * 5000,
        pytest.param(10**5000, id="huge"),
    ],
)
def test_refuses_what_is_not_only_digits_and_punctuation(value: object) -> None:
    assert refusal_of_number(value) == "number_characters"


@pytest.mark.parametrize("value", [True, False, None, 16502530000.0, ["+16502530000"], {}])
def test_refuses_what_is_neither_text_nor_an_integer(value: object) -> None:
    assert refusal_of_number(value) == "number_type"


@pytest.mark.parametrize(
    "value",
    [
        "+44 (0)20 7946 0018",
        "+4402079460018",
        "+0016502530000",
        "+10000000000",
        "+12125550",
        "+9991234567",
        "+1",
        "00",
        "+00",
        "000",
        0,
        "1" * 40,
    ],
)
def test_refuses_numbers_that_do_not_exist_as_written(value: object) -> None:
    assert refusal_of_number(value) in {"number_invalid", "number_without_country"}


def test_a_local_number_without_a_region_is_told_to_add_its_country() -> None:
    assert refusal_of_number("0612345678") == "number_without_country"


def test_a_number_of_no_use_in_its_region_is_refused() -> None:
    assert refusal_of_number("123", "FR") == "number_invalid"
    assert refusal_of_number("0612345678", "XX") == "number_invalid"


def by_the_library(digits: str) -> str | None:
    """What is possible by the library, given that parsing gives the same digits again."""
    try:
        number = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        return None
    text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    taken = phonenumbers.is_valid_number(number) or (possible and not number.italian_leading_zero)
    return text if taken and text == "+" + digits else None


def read(digits: str) -> str | None:
    try:
        return normalise_number("+" + digits, None)
    except InvalidRecipient:
        return None


EXAMPLES = [
    phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
    if (number := phonenumbers.example_number_for_type(region, kind))
]


@pytest.mark.parametrize("digits", EXAMPLES)
def test_reads_the_example_numbers_of_every_region(digits: str) -> None:
    assert read(digits) == "+" + digits


@st.composite
def near_numbers(draw: st.DrawFn) -> str:
    """A number of some region with digits changed, added (a trunk prefix) or taken away."""
    digits = draw(st.sampled_from(EXAMPLES))
    at = draw(st.integers(0, len(digits)))
    return digits[:at] + draw(st.text("0123456789", max_size=3)) + digits[at + draw(st.integers(0, 3)) :]


@given(near_numbers() | st.text("0123456789", min_size=1, max_size=18))
@example("1")
@example("4402079460018")
@example("390")
@example("780012345678")
def test_agrees_with_the_library_on_any_digits(digits: str) -> None:
    assert read(digits) == by_the_library(digits)


def test_agrees_with_the_library_on_a_large_sample_of_every_country_code() -> None:
    chance = random.Random(0)
    asked = 0
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        examples = {
            str(example.national_number)
            for region in regions
            for kind in phonenumbers.PhoneNumberType.values()
            if (example := phonenumbers.example_number_for_type(region, kind))
        }
        random_ones = [str(chance.randrange(10 ** (length - 1), 10**length)) for length in range(1, 17)]
        for national in [*examples, *random_ones]:
            for near in {national, *(changed(chance, national) for _ in range(12))}:
                number = phonenumbers.PhoneNumber(country_code=code, national_number=int(near))
                assert numbering_plan(code).has(near) == phonenumbers.is_valid_number(number), (code, near)
                asked += 1
    assert asked > 50_000


def changed(chance: random.Random, digits: str) -> str:
    """Digits with one of them changed, or some added or taken away, and no zero in front."""
    at = chance.randrange(len(digits))
    put = str(chance.randrange(10 ** chance.randrange(4)))
    return (digits[:at] + put + digits[at + chance.randrange(3) :]).lstrip("0") or "1"


@given(st.text(max_size=60) | st.text("+0123456789 ()-.;x", max_size=30) | st.integers(), st.sampled_from([None, "TN"]))
def test_any_value_is_read_to_a_stable_form_or_refused(value: object, region: str | None) -> None:
    try:
        number = normalise_number(value, region)
    except InvalidRecipient:
        return
    assert normalise_number(number, region) == number


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("name@example.com", "name@example.com"),
        (" name@example.com ", "name@example.com"),
        ("First.Last+tag@EXAMPLE.com", "First.Last+tag@example.com"),
        ("name@bücher.example.org", "name@xn--bcher-kva.example.org"),
        ("name@xn--bcher-kva.example.org", "name@xn--bcher-kva.example.org"),
        ("ame\u0301lie@example.com", "amélie@example.com"),
        ("name@host.test", "name@host.test"),
        ("name@mail.corp.local", "name@mail.corp.local"),
    ],
)
def test_reads_one_mailbox(value: str, expected: str) -> None:
    assert normalise_email(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "name",
        "@example.com",
        "name@",
        "name@localhost",
        "name@test",
        "a@b, c@d",
        "a@example.com,b@example.com",
        "a@example.com;b@example.com",
        "a@example.com b@example.com",
        "Name <name@example.com>",
        "<name@example.com>",
        "name(comment)@example.com",
        '"quoted name"@example.com',
        "name@[127.0.0.1]",
        "name@-example.com",
        "name@example..com",
        ".name@example.com",
        "name@example.com.",
        "x" * 65 + "@example.com",
    ],
)
def test_refuses_what_is_not_one_mailbox(value: str) -> None:
    assert refusal_of_email(value) == "email_invalid"


@pytest.mark.parametrize(
    "value",
    [
        "a@example.com\n",
        "a@example.com\r\nBcc: b@example.com",
        "a\x00@example.com",
        "\ta@example.com",
        "\ud800@example.com",
    ],
)
def test_refuses_control_characters_in_an_address(value: str) -> None:
    assert refusal_of_email(value) == "email_characters"


@pytest.mark.parametrize("value", [None, 5, True, ["a@example.com"], b"a@example.com"])
def test_refuses_an_address_that_is_not_text(value: object) -> None:
    assert refusal_of_email(value) == "email_type"


@pytest.mark.parametrize(
    "value", ["x" * 300 + "@example.com", "é" * 60 + "@" + "x" * 60 + "." + "y" * 60 + "." + "z" * 60 + ".com"]
)
def test_refuses_an_address_that_is_too_long(value: str) -> None:
    assert refusal_of_email(value) in {"email_too_long", "email_invalid"}


def by_the_email_library(address: str) -> str | None:
    """What the quick path must agree with."""
    try:
        found = email_validator.validate_email(address, check_deliverability=False, strict=True)
    except email_validator.EmailNotValidError:
        return None
    return f"{found.local_part}@{found.ascii_domain}"


_LABELS = st.from_regex(r"[a-zA-Z0-9-]{1,5}", fullmatch=True) | st.sampled_from(
    ["x" * 63, "x" * 64, "ab--c", "xn--bcher-kva", "com", "example", "invalid", "local", "test", "arpa", "onion", "1"]
)
_LOCALS = st.from_regex(r"[a-zA-Z0-9_.+-]{1,8}", fullmatch=True) | st.sampled_from(
    ["info", "Postmaster", "x" * 64, "x" * 65, "a..b", "o'neil", "a/b"]
)


@given(_LOCALS, st.lists(_LABELS, min_size=1, max_size=6).map(".".join))
@example("a", ".".join(["x" * 61] * 4))
@example("a", ".".join(["x" * 60] * 4) + ".com")
@example("x" * 64, ".".join(["x" * 62] * 3))
def test_agrees_with_the_library_on_plain_addresses(local: str, domain: str) -> None:
    try:
        mailbox = normalise_email(f"{local}@{domain}")
    except InvalidRecipient:
        mailbox = None
    assert mailbox == by_the_email_library(f"{local}@{domain}")


_SCRIPTS = "aZ09-öÖßıſéç\u0301Бяαςا٣ب۲כ中國ーあｱＡ①ﬁ\u200d·"
_INTERNATIONAL = st.text(_SCRIPTS, min_size=1, max_size=6) | st.sampled_from(
    ["bücher", "ü" * 59, "ü" * 60, "президент", "παράδειγμα", "مثال", "דוגמה", "例え", "xn--bcher-kva", "l·l", "٠١٢"]
)
_TOPS = st.sampled_from(["com", "COM", "test", "invalid", "onion", "c", "1", "中国", "рф", "museum", "x-y"])


@given(st.lists(_INTERNATIONAL, min_size=1, max_size=4).map(".".join), _TOPS)
@example(".".join(["ü" * 50] * 4), "com")
@example(".".join(["ü"] * 45), "com")
def test_agrees_with_the_library_on_international_domains(labels: str, top: str) -> None:
    try:
        mailbox = normalise_email(f"a@{labels}.{top}")
    except InvalidRecipient:
        mailbox = None
    assert mailbox == by_the_email_library(f"a@{labels}.{top}")


@given(st.text(max_size=80) | st.emails() | st.text('ab@.<>"() ,;[]\\éß中\u0301', max_size=40))
def test_any_text_is_read_to_a_stable_mailbox_or_refused(value: str) -> None:
    try:
        mailbox = normalise_email(value)
    except InvalidRecipient:
        return
    assert normalise_email(mailbox) == mailbox
    assert mailbox.count("@") == 1
