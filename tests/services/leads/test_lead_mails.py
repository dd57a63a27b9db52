"""Mails about leads: whoever gets one calls with one touch."""

from domain.audience.contacts.contact import new_contact_id
from domain.leads.notify import message_of
from services.settings.models import Branding
from services.system_mail.notice import Notice, html_of
from tests.leads_made import person


def mail(**contact: str) -> str:
    message = message_of("Fair", new_contact_id(), person(1, **contact), {}, None)
    return html_of(Notice("New lead", message.split("\n\n")), Branding())


def test_numbers_and_addresses_are_links():
    html = mail()
    for link in ("tel:+4915112345678", "https://wa.me/4915112345678", "mailto:ada@example.com"):
        assert f'<a href="{link}">{link}</a>' in html


def test_a_name_cannot_make_markup():
    html = mail(first_name='<img src="x">', last_name='tel:+4915112345678"><b>')
    assert "<img" not in html.partition("<p style")[2]
    assert "<b>" not in html
