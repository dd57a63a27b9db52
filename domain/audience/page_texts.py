"""What the pages for recipients say, in some languages. ``{sender}`` is the account's name, ``{date}`` a day,
``{url}`` a link."""

from collections.abc import Iterator, Mapping

DEFAULT_LANGUAGE = "en"

_NAMES = (
    *("title", "ask", "unsubscribe", "unsubscribed", "not_unsubscribed", "use_button"),
    *("topics", "email", "sms", "whatsapp", "save", "saved"),
    *("pause", "paused", "resume", "all_off", "all_off_note", "gets_nothing", "again"),
    *("broken", "broken_note", "confirm_title", "confirm_ask", "confirm", "confirmed"),
    *("confirm_subject", "confirm_message"),
)
_WRITTEN: dict[str, tuple[str, ...]] = {
    "en": (
        *("Your messages from {sender}", "Do you want to get no more of these messages?", "Unsubscribe"),
        *("You are unsubscribed", "Not unsubscribed", "Please use the button."),
        *("What you want to get", "Email", "SMS", "WhatsApp", "Save", "Saved."),
        *("Pause for 30 days", "Paused until {date}.", "End the pause", "Unsubscribe from everything"),
        *("Messages about your orders and your account may still come.", "You get no messages.", "Subscribe again"),
        *("This link does not work", "It is not complete, or too old."),
        *("Confirm your subscription", "Do you want to get these messages from {sender}?", "Yes, subscribe me"),
        "You are subscribed. Thank you.",
        "Please confirm your subscription to {sender}",
        "Do you want to get messages from {sender}? Then confirm here: {url} If not, there is nothing to do.",
    ),
    "de": (
        *("Ihre Nachrichten von {sender}", "Möchten Sie keine dieser Nachrichten mehr bekommen?", "Abmelden"),
        *("Sie sind abgemeldet", "Nicht abgemeldet", "Bitte benutzen Sie den Knopf."),
        *("Was Sie bekommen möchten", "E-Mail", "SMS", "WhatsApp", "Speichern", "Gespeichert."),
        *("30 Tage Pause", "Pause bis {date}.", "Pause beenden", "Von allem abmelden"),
        *("Nachrichten zu Ihren Bestellungen und Ihrem Konto können weiter kommen.", "Sie bekommen keine Nachrichten."),
        "Wieder anmelden",
        *("Dieser Link funktioniert nicht", "Er ist unvollständig oder zu alt."),
        *("Anmeldung bestätigen", "Möchten Sie diese Nachrichten von {sender} bekommen?", "Ja, anmelden"),
        "Sie sind angemeldet. Vielen Dank.",
        "Bitte bestätigen Sie Ihre Anmeldung bei {sender}",
        "Möchten Sie Nachrichten von {sender} bekommen? Dann bestätigen Sie hier: {url} Wenn nicht, ist nichts zu tun.",
    ),
    "fr": (
        *("Vos messages de {sender}", "Ne plus recevoir ces messages ?", "Se désabonner"),
        *("Vous êtes désabonné", "Pas désabonné", "Veuillez utiliser le bouton."),
        *("Ce que vous souhaitez recevoir", "E-mail", "SMS", "WhatsApp", "Enregistrer", "Enregistré."),
        *("Pause de 30 jours", "En pause jusqu’au {date}.", "Terminer la pause", "Se désabonner de tout"),
        "Les messages sur vos commandes et votre compte peuvent encore arriver.",
        *("Vous ne recevez aucun message.", "Se réabonner"),
        *("Ce lien ne fonctionne pas", "Il est incomplet ou trop ancien."),
        *("Confirmez votre abonnement", "Souhaitez-vous recevoir ces messages de {sender} ?", "Oui, m’abonner"),
        "Vous êtes abonné. Merci.",
        "Confirmez votre abonnement à {sender}",
        "Souhaitez-vous recevoir des messages de {sender} ? Confirmez ici : {url} Sinon, il n’y a rien à faire.",
    ),
    "es": (
        *("Sus mensajes de {sender}", "¿No quiere recibir más estos mensajes?", "Darse de baja"),
        *("Se ha dado de baja", "No se ha dado de baja", "Use el botón, por favor."),
        *("Lo que quiere recibir", "Correo electrónico", "SMS", "WhatsApp", "Guardar", "Guardado."),
        *("Pausa de 30 días", "En pausa hasta el {date}.", "Terminar la pausa", "Darse de baja de todo"),
        "Aún pueden llegar mensajes sobre sus pedidos y su cuenta.",
        *("No recibe ningún mensaje.", "Suscribirse de nuevo"),
        *("Este enlace no funciona", "Está incompleto o es demasiado antiguo."),
        *("Confirme su suscripción", "¿Quiere recibir estos mensajes de {sender}?", "Sí, suscribirme"),
        "Se ha suscrito. Gracias.",
        "Confirme su suscripción a {sender}",
        "¿Quiere recibir mensajes de {sender}? Confirme aquí: {url} Si no, no tiene que hacer nada.",
    ),
    "pt": (
        *("As suas mensagens de {sender}", "Não quer receber mais estas mensagens?", "Cancelar a subscrição"),
        *("A subscrição foi cancelada", "A subscrição não foi cancelada", "Use o botão, por favor."),
        *("O que quer receber", "E-mail", "SMS", "WhatsApp", "Guardar", "Guardado."),
        *("Pausa de 30 dias", "Em pausa até {date}.", "Terminar a pausa", "Cancelar tudo"),
        "Ainda podem chegar mensagens sobre os seus pedidos e a sua conta.",
        *("Não recebe mensagens.", "Subscrever de novo"),
        *("Esta ligação não funciona", "Está incompleta ou é demasiado antiga."),
        *("Confirme a sua subscrição", "Quer receber estas mensagens de {sender}?", "Sim, subscrever"),
        "A subscrição está feita. Obrigado.",
        "Confirme a sua subscrição de {sender}",
        "Quer receber mensagens de {sender}? Confirme aqui: {url} Se não, não precisa de fazer nada.",
    ),
    "it": (
        *("I suoi messaggi da {sender}", "Non vuole più ricevere questi messaggi?", "Annulla l’iscrizione"),
        *("L’iscrizione è annullata", "L’iscrizione non è annullata", "Usi il pulsante, per favore."),
        *("Che cosa vuole ricevere", "E-mail", "SMS", "WhatsApp", "Salva", "Salvato."),
        *("Pausa di 30 giorni", "In pausa fino al {date}.", "Termina la pausa", "Annulla tutto"),
        "Possono ancora arrivare messaggi sui suoi ordini e sul suo account.",
        *("Non riceve messaggi.", "Iscriviti di nuovo"),
        *("Questo link non funziona", "È incompleto o troppo vecchio."),
        *("Confermi l’iscrizione", "Vuole ricevere questi messaggi da {sender}?", "Sì, mi iscrivo"),
        "L’iscrizione è fatta. Grazie.",
        "Confermi l’iscrizione a {sender}",
        "Vuole ricevere messaggi da {sender}? Confermi qui: {url} Altrimenti non deve fare nulla.",
    ),
    "nl": (
        *("Uw berichten van {sender}", "Wilt u deze berichten niet meer krijgen?", "Afmelden"),
        *("U bent afgemeld", "Niet afgemeld", "Gebruik de knop."),
        *("Wat u wilt krijgen", "E-mail", "SMS", "WhatsApp", "Opslaan", "Opgeslagen."),
        *("30 dagen pauze", "Pauze tot {date}.", "Pauze beëindigen", "Voor alles afmelden"),
        "Berichten over uw bestellingen en uw account kunnen nog komen.",
        *("U krijgt geen berichten.", "Weer aanmelden"),
        *("Deze link werkt niet", "Hij is niet volledig, of te oud."),
        *("Bevestig uw aanmelding", "Wilt u deze berichten van {sender} krijgen?", "Ja, meld mij aan"),
        "U bent aangemeld. Dank u wel.",
        "Bevestig uw aanmelding bij {sender}",
        "Wilt u berichten van {sender} krijgen? Bevestig dan hier: {url} Zo niet, dan hoeft u niets te doen.",
    ),
}
TEXTS: Mapping[str, Mapping[str, str]] = {
    language: dict(zip(_NAMES, written, strict=True)) for language, written in _WRITTEN.items()
}
"""By language and name."""

_MOST_WISHES = 20
"""Languages of a header that are looked at."""


def language_for(known: str | None, accepted: str) -> str:
    """The language of a page: the reader's, where it is known, else what the browser asks for (``Accept-Language``)."""
    for tag in ([known] if known else []) + list(_wishes(accepted)):
        language = tag.strip().lower().replace("_", "-").split("-")[0]
        if language in TEXTS:
            return language
    return DEFAULT_LANGUAGE


def _wishes(accepted: str) -> Iterator[str]:
    wishes: list[tuple[float, int, str]] = []
    for part in accepted.split(",")[:_MOST_WISHES]:
        tag, _, quality = part.partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=")) if quality.strip() else 1.0
        except ValueError:
            continue
        if 0 < weight <= 1:
            wishes.append((-weight, len(wishes), tag))
    yield from (tag for _, _, tag in sorted(wishes))
