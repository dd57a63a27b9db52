"""Media types of files, such as ``text/calendar; method=REQUEST`` (RFC 2045 §5.1), normalised.

Accepted ones can be used in a header as they are: printable ASCII, no quote or backslash within a value.
"""

import re

MAX_PARAMETERS = 10

_NAME = "[A-Za-z0-9!#$&^_.+-]"
_TYPE = re.compile(rf"(?!multipart/|message/){_NAME}{{1,127}}+/{_NAME}{{1,127}}+", re.IGNORECASE)
_PARAMETER = re.compile(
    rf" *+; *+({_NAME}{{1,64}}+)="
    r"(?:([A-Za-z0-9!#$%&'*+\-.^_`{|}~]{1,200}+)"  # a token; else a quoted string
    r'|"([ !#-\[\]-~]{0,200}+)")'
)
_BARE_VALUE = re.compile(rf"{_NAME}++")
_CHARSET = re.compile(r"[A-Za-z0-9_.+-]{1,40}")


class InvalidMediaType(ValueError):
    """It cannot be the type of a file. The message states what to write instead."""


def normalise_media_type(text: str) -> str:
    """The type with its parameters in normal form.

    Raises:
        InvalidMediaType: see ``split_media_type``.
    """
    kind, parameters = split_media_type(text)
    return "; ".join([kind, *(f"{name}={_written(value)}" for name, value in parameters.items())])


def split_media_type(text: str) -> tuple[str, dict[str, str]]:
    """The type and its parameters; all names in lower case.

    Raises:
        InvalidMediaType: no type with parameters; a type of several parts or of a mail; a parameter that is given
            twice, or that conflicts with other headers of the file.
    """
    found = _TYPE.match(text)
    if found is None:
        raise InvalidMediaType("give a type such as application/pdf; not message/… or multipart/…")
    parameters: dict[str, str] = {}
    place = found.end()
    while (parameter := _PARAMETER.match(text, place)) is not None:
        name, value = parameter[1].lower(), parameter[2] or parameter[3] or ""
        _check_parameter(name, value, parameters)
        parameters[name] = value
        place = parameter.end()
    if text[place:].strip(" ;") or text.count(";", place) > 1:
        raise InvalidMediaType('write parameters as in text/calendar; method=REQUEST, or in quotes: name="a value"')
    return found[0].lower(), parameters


def _check_parameter(name: str, value: str, others: dict[str, str]) -> None:
    if name in others or len(others) == MAX_PARAMETERS:
        raise InvalidMediaType(f"the parameter {name!r} is given twice" if name in others else "too many parameters")
    if name == "name":  # mail programs disagree on which of two names counts
        raise InvalidMediaType("the file's name is given by 'filename' alone, not by a parameter 'name'")
    if name == "charset" and not _CHARSET.fullmatch(value):
        raise InvalidMediaType("give a charset by its name, such as utf-8")
    if "=?" in value:  # would be read as an encoded word
        raise InvalidMediaType(f"the parameter {name!r} must not contain '=?'")


def _written(value: str) -> str:
    return value if _BARE_VALUE.fullmatch(value) else f'"{value}"'
