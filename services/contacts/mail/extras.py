"""Email fields besides its texts (headers, attachments, tracking), checked; attachments are stored separately."""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from domain.mail.extras import FileRef, MailExtras
from domain.mail.headers import refusal
from domain.recipients import InvalidRecipient, normalise_email
from domain.text.media_types import InvalidMediaType, normalise_media_type
from services.contacts.mail.css import CssError, CssInliner
from services.contacts.mail.from_field import From, InvalidFrom, read_from
from services.contacts.mail.models import MAX_FILE_BYTES, AttachedFile, MailFields
from store.messages.attachments import file_id

CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""A line break would start a new header; no header needs any other control character."""

_MAX_VALUE = 900
"""Characters of a header's value: with its name it fits one line (RFC 5322 §2.1.1)."""
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,76}")
_NOT_IN_FILENAME = re.compile("[/\\\\\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # folders; what turns "exe.pdf" around
_CONTENT_ID = re.compile(r"[A-Za-z0-9._%+@=-]+")


class InvalidExtra(ValueError):
    """A field cannot be used; ``path`` leads there."""

    def __init__(self, path: Sequence[str | int], code: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.code = code
        self.message = message


class MailReader:
    """Reads what the emails of one request carry."""

    def __init__(self, account_id: int, public_url: str | None, *, unsubscribe: bool) -> None:
        """``unsubscribe``: whether recipients may unsubscribe where the request does not say, and links can be made."""
        self.files: dict[str, bytes] = {}
        """All attachments, by id: those that several emails carry are here once."""
        self._account_id = account_id
        self._base_url = (public_url or "").rstrip("/")
        self._css = CssInliner()
        self._inlines = False
        self._shared_from: From | None = None
        self._shared = self._with_links(MailExtras(unsubscribe=unsubscribe and bool(self._base_url)))

    def read_shared(self, given: MailFields) -> None:
        """Read what holds for all contacts. Raises ``InvalidExtra``."""
        self._shared_from = self._from(given)
        self._shared = self.read(given)
        self._inlines = bool(given.inline_css)

    def read(self, given: MailFields) -> MailExtras:
        """What the email to a contact carries. Raises ``InvalidExtra``."""
        changes: dict[str, Any] = {}
        if given.reply_to is not None:
            changes["reply_to"] = _mailbox(given.reply_to, "reply_to")
        if given.cc is not None:
            changes["cc"] = tuple(_mailbox(one, "cc", index) for index, one in enumerate(given.cc))
        if given.headers is not None:
            changes["headers"] = _headers(given.headers)
        if given.attachments is not None:
            changes["files"] = self._files(given.attachments)
        if given.unsubscribe is not None:
            changes["unsubscribe"] = given.unsubscribe
            self._need_url(given.unsubscribe, "unsubscribe")
        if given.track is not None:
            changes |= {"opens": given.track.opens, "clicks": given.track.clicks}
            self._need_url(given.track.opens or given.track.clicks, "track")
        return self._with_links(replace(self._shared, **changes)) if changes else self._shared

    def read_from(self, given: MailFields) -> From | None:
        """Whom the email to a contact is from; ``None``: the gateway decides. Raises ``InvalidExtra``."""
        return self._shared_from if given.from_ is None else self._from(given)

    def _from(self, given: MailFields) -> From | None:
        if given.from_ is None:
            return None
        try:
            return read_from(given.from_)
        except InvalidFrom as error:
            raise InvalidExtra(["from"], error.code, error.message) from None

    def style(self, given: MailFields, html: str) -> str:
        """The HTML of an email, its styles in place if that is wanted. Raises ``InvalidExtra``."""
        if not (self._inlines if given.inline_css is None else given.inline_css):
            return html
        try:
            return self._css.inline(html)
        except CssError as error:
            raise InvalidExtra(["inline_css"], "css_refused", str(error)) from None

    def _need_url(self, wanted: bool, field: str) -> None:
        if wanted and not self._base_url:
            message = "the links need an address that leads here: set XSENDER_PUBLIC_URL, or leave this out"
            raise InvalidExtra([field], "public_url_missing", message)

    def _with_links(self, extras: MailExtras) -> MailExtras:
        has_links = extras.unsubscribe or extras.opens or extras.clicks
        return replace(extras, base_url=self._base_url if has_links else "")

    def _files(self, given: Sequence[AttachedFile]) -> tuple[FileRef, ...]:
        refs: list[FileRef] = []
        room = MAX_FILE_BYTES
        for index, file in enumerate(given):
            _check_names(file, index)
            media_type = _media_type(file.content_type, index)
            if len(file.content) // 4 * 3 - 2 <= room:
                content = _decode(file.content, index)
                room -= len(content)
            else:
                room = -1
            if room < 0:
                message = f"the attachments have more than {MAX_FILE_BYTES // 1024**2} MiB: send links to them instead"
                raise InvalidExtra(["attachments"], "too_large", message)
            name = file_id(self._account_id, content)
            self.files[name] = content
            refs.append(FileRef(name, len(content), file.filename, media_type, file.content_id))
        return tuple(refs)


def _mailbox(address: str, *path: str | int) -> str:
    try:
        return normalise_email(address)
    except InvalidRecipient as error:
        raise InvalidExtra(path, error.code, error.message) from None


def _headers(given: dict[str, str]) -> tuple[tuple[str, str], ...]:
    seen: set[str] = set()
    for name, value in given.items():
        reserved = refusal(name)
        for wrong, code, message in (
            (not _HEADER_NAME.fullmatch(name), "header_name", "not the name of a header, such as X-Campaign"),
            (reserved, "header_reserved", reserved or ""),
            (name.lower() in seen, "header_repeated", f"the header {name!r} is given twice"),
            (CONTROLS.search(value), "control_character", "control characters and line breaks are not allowed here"),
            (len(value) > _MAX_VALUE, "too_long", f"a header has at most {_MAX_VALUE} characters"),
        ):
            if wrong:
                raise InvalidExtra(["headers", name], code, message)
        seen.add(name.lower())
    return tuple((name, value.strip()) for name, value in given.items())


def _check_names(file: AttachedFile, index: int) -> None:
    rules: tuple[tuple[str, Callable[[str], object], str], ...] = (
        ("filename", _is_file_name, "give the file's name alone: no folders, no control characters"),
        ("content_id", _CONTENT_ID.fullmatch, "letters, digits and . _ % + @ = - make a content id"),
    )
    for field, fits, message in rules:
        value = getattr(file, field)
        if value is not None and not fits(value):
            raise InvalidExtra(["attachments", index, field], field, message)


def _media_type(text: str, index: int) -> str:
    try:
        return normalise_media_type(text)
    except InvalidMediaType as error:
        raise InvalidExtra(["attachments", index, "content_type"], "content_type", str(error)) from None


def _is_file_name(name: str) -> bool:
    return not CONTROLS.search(name) and not _NOT_IN_FILENAME.search(name) and bool(name.strip(". "))


def _decode(content: str, index: int) -> bytes:
    try:
        return b64decode(content, validate=True)
    except (NotBase64, ValueError):  # the latter: characters beyond ASCII
        message = "not base64: of its usual alphabet, in one line, with its padding"
        raise InvalidExtra(["attachments", index, "content"], "not_base64", message) from None
