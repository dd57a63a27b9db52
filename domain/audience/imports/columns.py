"""Columns of files, and which value of a contact each of them holds."""

import hashlib
import re
from collections.abc import Mapping, Sequence

from domain.audience.contacts.contact import CUSTOM, IDENTIFYING, LISTS, VALUES
from domain.errors import InvalidError

MOST_COLUMNS = 1000
_NAMES = {
    "email": """email, e mail, mail, email address, e mail address, mail address, emailadresse, e mail adresse,
        mailadresse, correo, correo electronico, courriel, adresse email, adresse e mail, email 1,
        e mail 1 value, primary email""",
    "phone": """phone, phone number, telephone, tel, telefon, telefonnummer, mobile, mobile phone, mobile number, mobil,
        mobilnummer, mobiltelefon, handy, handynummer, cell, cell phone, cellphone, msisdn, number, sms, telefono,
        movil, telephone mobile, portable, phone 1 value, gsm, rufnummer""",
    "whatsapp": "whatsapp, whats app, whatsapp number, whatsapp nummer, wa, wa number, wa id",
    "first_name": "first name, firstname, given name, forename, vorname, prenom, nombre, nome, fname",
    "last_name": """last name, lastname, surname, family name, nachname, familienname, nom, nom de famille, apellido,
        apellidos, cognome, sobrenome, lname""",
    "external_id": """external id, externalid, customer id, customer number, customerid, kundennummer, kunden id,
        contact id, crm id""",
    "language": "language, lang, locale, sprache, langue, idioma, lingua",
    "country": "country, country code, land, pays, pais, paese",
    "time_zone": "time zone, timezone, tz, zeitzone, fuseau horaire, zona horaria",
    "tags": "tags, tag, labels, label, schlagworte",
    "groups": "groups, group, lists, list, gruppen, gruppe, group membership",
}
_FIELD_OF = {name.strip(): field for field, names in _NAMES.items() for name in names.split(",")}
_PARTS = re.compile(r"[\s_\-./:()\[\]]+")
_ACCENTS = str.maketrans("áàâãéèêíìîóòôõúùûçñ", "aaaaeeeiiioooouuucn")


def names_of(cells: Sequence[str]) -> list[str]:
    """The names of all columns: without spaces around them, those without a name and those of the same are numbered.

    Raises:
        InvalidError: there are too many.
    """
    cells = list(cells)
    while cells and not cells[-1].strip():
        cells.pop()
    if len(cells) > MOST_COLUMNS:
        raise InvalidError("columns_too_many", f"the file has {len(cells)} columns: at most {MOST_COLUMNS} are read")
    names: dict[str, None] = {}
    for number, cell in enumerate(cells, 1):
        name = " ".join(cell.replace("\0", " ").split()) or f"column {number}"
        count = 1
        unique = name
        while unique in names:
            count += 1
            unique = f"{name} ({count})"
        names[unique] = None
    return list(names)


def suggested(columns: Sequence[str], custom: Sequence[str] = ()) -> dict[str, str]:
    """What columns hold, by their names; the first one of several for the same. ``custom``: keys of custom fields."""
    found: dict[str, str] = {}
    own = {_plain(name): CUSTOM + key for key in custom for name in (key, CUSTOM + key)}
    for column in columns:
        field = _FIELD_OF.get(_plain(column)) or own.get(_plain(column))
        if field is not None and field not in found.values():
            found[column] = field
    return found


def _plain(name: str) -> str:
    return _PARTS.sub(" ", name.casefold().translate(_ACCENTS)).strip()


def same_columns(columns: Sequence[str]) -> str:
    """A digest of the names of columns, in any order and case."""
    return hashlib.sha256("\n".join(sorted(column.casefold() for column in columns)).encode()).hexdigest()


def check_mapping(mapping: Mapping[str, str], custom: Sequence[str]) -> None:
    """Check what a caller has columns hold.

    Raises:
        InvalidError: a field does not exist, or two columns are to hold the same.
    """
    for column, field in mapping.items():
        is_custom = field.startswith(CUSTOM) and field.removeprefix(CUSTOM) in custom
        if not is_custom and field not in (*VALUES, *LISTS):
            known = ", ".join((*VALUES, *LISTS, *(CUSTOM + key for key in custom)))
            message = f"the column {column!r} cannot hold {field!r}: use one of {known}"
            raise InvalidError("mapping_field", message, "/mapping")
    several = [field for field in mapping.values() if list(mapping.values()).count(field) > 1 and field not in LISTS]
    if several:
        raise InvalidError("mapping_repeated", f"more than one column holds {several[0]!r}: choose one", "/mapping")


def check_columns(columns: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """What the columns of a file hold. Names count in any case.

    Raises:
        InvalidError: the file lacks a column, or none tells who its contacts are.
    """
    by_name = {column.casefold(): column for column in columns}
    named = {" ".join(column.split()): field for column, field in mapping.items()}
    if missing := [column for column in named if column.casefold() not in by_name]:
        has = ", ".join(repr(column) for column in columns[:50])
        raise InvalidError("column_unknown", f"the file has no column {missing[0]!r}: it has {has}", "/mapping")
    if not any(field in IDENTIFYING for field in named.values()):
        raise InvalidError(
            "mapping_incomplete",
            f"no column holds an {', '.join(IDENTIFYING)}: name one in the mapping. The file has "
            + ", ".join(repr(column) for column in columns[:50]),
            "/mapping",
        )
    return {by_name[column.casefold()]: field for column, field in named.items()}
