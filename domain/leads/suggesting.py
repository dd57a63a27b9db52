"""Rules for forms that nobody has written any for: names that are usual, in twelve languages."""

from collections.abc import Mapping

from domain.leads.mapping import Rule, name_of
from domain.leads.raw import RawLead
from domain.leads.transforms import SPLIT_NAME

_USUAL: Mapping[str, str] = {
    "email": """email e-mail email_address e-mail_address mail your_email work_email business_email e-mail-adresse
        e-mail_adresse email-adresse emailadresse mailadresse adresse_e-mail adresse_email courriel adresse_mail correo
        correo_electronico correo_electrónico email_de_trabajo indirizzo_email indirizzo_e-mail posta_elettronica
        endereco_de_email endereço_de_e-mail e-mailadres adres_e-mail adres_email e-posta eposta e-posta_adresi
        البريد_الإلكتروني البريد_الالكتروني эл._почта электронная_почта почта e-postadress epost""",
    "phone": """phone phone_number telephone telephone_number tel mobile mobile_number mobile_phone cell cell_phone
        work_phone your_phone telefon telefonnummer telefonnr handy handynummer mobilnummer rufnummer mobiltelefon
        numero_de_telephone numéro_de_téléphone telephone_portable téléphone_portable telefono teléfono
        numero_de_telefono número_de_teléfono movil móvil celular cellulare numero_di_telefono telefone
        numero_de_telefone número_de_telefone telemovel telemóvel telefoonnummer telefoon mobiel numer_telefonu
        telefon_numarası telefon_numarasi cep_telefonu رقم_الهاتف الهاتف رقم_الجوال الجوال
        телефон номер_телефона мобильный""",
    "whatsapp": """whatsapp whatsapp_number whatsapp-nummer numero_whatsapp numero_de_whatsapp número_de_whatsapp
        numéro_whatsapp رقم_الواتساب واتساب""",
    "first_name": """first_name firstname given_name forename vorname prenom prénom nombre_de_pila primer_nombre nome
        primeiro_nome voornaam imie imię ad adı adi الاسم_الأول الاسم_الاول имя förnamn fornamn""",
    "last_name": """last_name lastname surname family_name nachname familienname nom_de_famille apellido apellidos
        cognome sobrenome ultimo_nome último_nome achternaam nazwisko soyad soyadı soyadi اسم_العائلة фамилия
        efternamn""",
    "full_name": """full_name fullname name your_name contact_name vollstandiger_name vollständiger_name
        vor-_und_nachname vor_und_nachname nom nom_complet nom_et_prenom nom_et_prénom nombre nombre_completo
        nombre_y_apellidos nome_e_cognome nome_completo naam volledige_naam imie_i_nazwisko imię_i_nazwisko ad_soyad
        adınız_soyadınız الاسم الاسم_الكامل фио полное_имя имя_и_фамилия namn fullständigt_namn""",
    "country": """country country_code land pays pais país paese kraj ulke ülke البلد الدولة страна""",
    "language": """language sprache langue idioma lingua taal jezyk język dil اللغة язык locale""",
    "external_id": """external_id customer_id user_id kundennummer""",
}
_TARGET_OF = {name_of(name): target for target, names in _USUAL.items() for name in names.split()}
_ORDER = ("email", "phone", "whatsapp", "first_name", "last_name", "full_name", "country", "language", "external_id")


def suggest(raw: RawLead) -> tuple[Rule, ...]:
    """Rules for what a lead's questions are usually called. Answers of other names are kept as they are."""
    found: dict[str, list[str]] = {}
    for one in raw.answers:
        target = _TARGET_OF.get(name_of(one.name)) or _TARGET_OF.get(name_of(one.label or ""))
        if target is not None and one.values:
            found.setdefault(target, []).append(one.name)
    return tuple(_rule(target, tuple(found[target])) for target in _ORDER if target in found)


def _rule(target: str, names: tuple[str, ...]) -> Rule:
    if target == "full_name":
        return Rule(names, "first_name", (("trim", None), (SPLIT_NAME, None)))
    return Rule(names, target, (("trim", None),))
