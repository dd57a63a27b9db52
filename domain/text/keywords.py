"""Keywords to opt out, opt in and ask for help. A message is one only if it consists of nothing else.

English by the CTIA's and Twilio's lists (twilio.com/docs/messaging, "Advanced Opt-Out"), other languages by the
keywords of carriers there. ``STOP`` opts out in every account: no setting can turn it off.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

MAX_MESSAGE = 200
"""Characters of a message that may be a keyword, runs of spaces counted as one: longer ones are not compared.
Normalising text takes quadratic time if letters have thousands of marks."""


_DOT_ABOVE = "\u0307"
_VARIANTS = "\ufe0e\ufe0f"
"""Variation selectors of the character before them."""
_AROUND = frozenset("PSZC")
"""Unicode classes that may surround a word: punctuation, symbols and emoji, spaces. Marks belong to a letter."""


class Keyword(StrEnum):
    """What a word means."""

    STOP = "stop"
    START = "start"
    HELP = "help"


_STOP = """
stop|stopall|stop all|unsubscribe|end|quit|cancel|revoke|optout|opt-out|opt out|remove|td
stop promotions|stop promotion|stop promo|stop marketing|stop messages|stop offers|block promotions
arret|arrêt|desabonner|désabonner|stopp|abmelden|abbestellen|alto|baja|cancelar|parar|sair|pare|annulla|cancella
disiscrivi|stoppen|afmelden|afmeld|avsluta|lopeta|rezygnuje|rezygnuję|dur|iptal|ret|odhlasit|leiratkozás
стоп|отписаться|отписка|توقف|إلغاء|עצור|הסר|रोकें|退订|停止|解除|수신거부|หยุด|huy|hủy|berhenti
"""
_START = """
start|unstop|yes|subscribe|optin|opt-in|opt in
oui|reprendre|ja|anmelden|si|sí|alta|sim|inscrever|iscrivi|aanmelden|tak|evet|да|подписаться|نعم|ابدأ|시작|開始|开始|mulai
"""
_HELP = """
help|info
aide|hilfe|ayuda|ajuda|aiuto|hulp|hjälp|hjælp|hjelp|apua|pomoc|yardım|помощь|مساعدة|עזרה|मदद|帮助|ヘルプ|도움말|bantuan
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(fold(word) for line in text.split("\n") for word in line.split("|") if word)


def fold(text: str) -> str:
    """The form in which words are compared: without case, width, marks and surroundings. ``text`` must be short.

    People write "Stop." and "STOP!", and a capital İ, whose small letter is two characters.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    if len(plain) > 2 * MAX_MESSAGE:  # ligatures of many letters: no word
        return plain
    visible = [c for c in plain if not _is_invisible(c)]
    kept = [place for place, character in enumerate(visible) if unicodedata.category(character)[0] not in _AROUND]
    return " ".join("".join(visible[kept[0] : kept[-1] + 1]).split()) if kept else ""


def _is_invisible(character: str) -> bool:
    return character == _DOT_ABOVE or character in _VARIANTS or unicodedata.category(character) == "Cf"


_ALWAYS_STOP = frozenset({"stop"})
DEFAULTS = {Keyword.STOP: _words(_STOP), Keyword.START: _words(_START), Keyword.HELP: _words(_HELP)}


@dataclass(frozen=True, slots=True)
class KeywordSet:
    """An account's keywords and replies. ``None`` instead of keywords: the built-in ones."""

    stop: Sequence[str] | None = None
    start: Sequence[str] | None = None
    help: Sequence[str] | None = None
    replies: dict[str, str] = field(default_factory=dict)
    """Replies by keyword; without an entry none is sent, as many carriers reply themselves."""

    def words(self, keyword: Keyword) -> frozenset[str]:
        """The words that have this meaning, folded."""
        own: Sequence[str] | None = getattr(self, keyword.value)
        words = DEFAULTS[keyword] if own is None else frozenset(map(fold, own))
        return words | _ALWAYS_STOP if keyword is Keyword.STOP else words - _ALWAYS_STOP

    def meaning(self, body: str) -> Keyword | None:
        """The keyword that a message consists of, if any."""
        said = " ".join(body.split())
        if not said or len(said) > MAX_MESSAGE:
            return None
        said = fold(said)
        return next((keyword for keyword in Keyword if said in self.words(keyword)), None)
