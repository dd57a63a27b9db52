"""Rules for forms that nobody has written any for: names that are usual, in twelve languages."""

import re
from collections.abc import Mapping
from unicodedata import normalize

from domain.leads.mapping import MOST_PLACES, Rule
from domain.leads.raw import Answer, RawLead
from domain.leads.transforms import SPLIT_NAME

_NAME, _FULL_NAME = "name", "full_name"
_USUAL: Mapping[str, str] = {
    "email": """email email_address mail mail_address e_mail_adresse mailadresse adresse_e_mail adresse_mail
        courriel correo correo_electronico email_de_trabajo indirizzo_email posta_elettronica indirizzo_di_posta
        endereco_de_email e_mailadres adres_e_mail e_posta e_posta_adresi e_postadress البريد_الإلكتروني
        эл_почта электронная_почта почта work_email business_email company_email geschäftliche_e_mail
        e_mail_professionnel email_professionale email_profissional user_email""",
    "phone": """phone phone_number phone_no telephone telephone_number tel tel_nr mobile mobile_number mobile_phone
        mobile_phone_number cell cell_phone cell_number contact_number telefon telefonnummer telefonnr handy
        handynummer mobilnummer mobiltelefon rufnummer mobil numero_de_telephone telephone_portable telephone_mobile
        portable mobile_telephone telefono numero_de_telefono telefono_movil movil celular numero_de_celular telefone
        numero_de_telefone telemovel cellulare numero_di_telefono numero_di_cellulare telefoonnummer telefoon mobiel
        mobiele_nummer numer_telefonu telefon_komorkowy telefon_numarası telefon_numarasi cep_telefonu رقم_الهاتف
        الهاتف رقم_الجوال الجوال رقم_الموبايل телефон номер_телефона мобильный_телефон work_phone
        work_phone_number business_phone user_phone""",
    "whatsapp": """whatsapp whatsapp_number whatsapp_nummer whatsapp_phone numero_whatsapp numero_de_whatsapp
        numero_di_whatsapp numer_whatsapp whatsapp_numarası رقم_الواتساب واتساب""",
    "first_name": """first_name given_name forename vorname prenom primer_nombre nombre_de_pila primeiro_nome voornaam
        imię adı adınız الاسم_الأول förnamn""",
    "last_name": """last_name surname family_name nachname familienname zuname nom_de_famille apellido apellidos
        cognome sobrenome apelido ultimo_nome achternaam nazwisko soyad soyadı soyadınız اسم_العائلة фамилия
        efternamn""",
    _FULL_NAME: """full_name contact_name vollstandiger_name vor_und_nachname vor_und_zuname nom_complet
        nom_et_prenom prenom_et_nom nombre_completo nombre_y_apellido nombre_y_apellidos nome_e_cognome nome_completo
        volledige_naam voor_en_achternaam imię_i_nazwisko ad_soyad adı_soyadı adınız_soyadınız
        الاسم_الكامل фио полное_имя имя_и_фамилия fullständigt_namn""",
    _NAME: "name nom nombre nome naam isim الاسم имя namn",
    "country": "country country_code land pays pais paese kraj ülke البلد الدولة страна",
    "language": "language sprache langue idioma lingua taal język dil اللغة язык sprak locale",
    "external_id": "external_id",
}
"""By target. A name of several words is written with ``_`` between them."""
_ASIDE = re.compile(r"\([^()]*\)")
_OF_A_PERSON = frozenset({"contact", "customer", "data", "fields", "lead", "person", "properties", "user"})
"""Objects whose values are of who filled the form in: ``company.name`` is somebody else's."""
_YOUR = "your"
_ORDER = tuple(_USUAL)


def suggest(raw: RawLead) -> tuple[Rule, ...]:
    """Rules for what a lead's questions are usually called. Answers of other names are kept as they are."""
    found: dict[str, list[str]] = {}
    for one in raw.answers:
        target = _target(one)
        if target is not None and one.values:
            found.setdefault(target, []).append(one.name)
    if _NAME in found:
        _settle_name(found)
    return tuple(_rule(target, tuple(found[target][:MOST_PLACES])) for target in _ORDER if target in found)


def _settle_name(found: dict[str, list[str]]) -> None:
    """Beside a first name, "name" is the last one, and the other way round; alone it is both."""
    names = found.pop(_NAME)
    if "first_name" not in found and "last_name" not in found:
        found.setdefault(_FULL_NAME, []).extend(names)
    elif "last_name" not in found:
        found["last_name"] = names
    else:
        found.setdefault("first_name", names)


def _rule(target: str, names: tuple[str, ...]) -> Rule:
    if target == _FULL_NAME:
        return Rule(names, "first_name", ((SPLIT_NAME, None),))
    return Rule(names, target)


def _target(one: Answer) -> str | None:
    """By its name, else by what was asked."""
    within, _, last = one.name.rpartition(".")
    names = [one.name, last] if _plain(within.rpartition(".")[2]) in _OF_A_PERSON else [one.name]
    return next((target for said in (*names, one.label or "") if (target := _of(said))), None)


def _of(said: str) -> str | None:
    plain = _plain(said)
    return _TARGETS.get(plain) or _TARGETS.get(plain.removeprefix(_YOUR))


def _plain(said: str) -> str:
    """Its letters and digits, without accents and what stands in parentheses: ``E-Mail-Adresse *`` is
    ``emailadresse``."""
    return "".join(one for one in normalize("NFKD", _ASIDE.sub("", said).casefold()) if one.isalnum())


_TARGETS = {_plain(name): target for target, names in _USUAL.items() for name in names.split()}
