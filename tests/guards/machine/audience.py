"""Contacts that are imported, and campaigns to them."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.guards.audience_world import CampaignPage, Row
from tests.guards.guards_model import NUMBERS
from tests.guards.machine.base import ON, OWNERS, ZONE, Machine
from tests.guards.model import PEOPLE, Account, Contact, Message
from tests.guards.world import Sent

_ZONES = st.sampled_from([ZONE, "America/New_York", "Europe/Berlin", "Asia/Kathmandu"])
_TAGS = st.sampled_from(["spring", "spring", "staff"])
_AUDIENCE = {"tags": ["spring"], "exclude": {"tags": ["staff"]}}
_LIMITED = {"from": "09:00", "to": "20:00", "days": [1, 2, 3, 4, 5, 6]}


class AudienceRules(Machine):
    """What marketers do."""

    @rule(data=st.data(), owner=OWNERS, zone=_ZONES, tag=_TAGS)
    def import_contacts(self, data: st.DataObject, owner: int, zone: str, tag: str) -> None:
        names = data.draw(st.lists(st.sampled_from(sorted(PEOPLE)), min_size=1, unique=True))
        account, rows = self.model.accounts[self.ids[owner]], list[Row]()
        for name in names:
            phone, email = (data.draw(st.sampled_from(PEOPLE[name][channel])) for channel in ("sms", "email"))
            rows.append(Row(phone, email, zone))
            account.contacts.setdefault(name, Contact({})).take(phone, email, zone, tag)
        self.do(self.audience.import_contacts(self.ids[owner], rows, tag))

    @rule(data=st.data(), channel=ON, owner=OWNERS, windowed=st.booleans())
    def launch_campaign(self, data: st.DataObject, channel: str, owner: int, windowed: bool) -> None:
        account = self.model.accounts[self.ids[owner]]
        purpose = data.draw(st.sampled_from(["marketing", *sorted(account.listed)]))
        if purpose in account.purposes and account.purposes[purpose].transactional:
            purpose = "marketing"  # a campaign is none
        window = _LIMITED if windowed else "always"
        plan = {"channel": channel, "purpose": purpose, "audience": _AUDIENCE, "send_window": window}
        at = datetime.now(UTC)  # slices are made by the clock of their worker
        pages = self.do(self.audience.campaign(self.ids[owner], **plan))
        sent = [self.page_of(self.ids[owner], page, purpose) for page in pages]
        self.pages += sent
        reached = {one.address[1] for page in sent for one in page.messages}
        assert reached == set(self.audience_of(account, channel)), (reached, account)
        for one in (one for page in sent for one in page.messages):
            if windowed:
                self.check_due(account, one, at)
            else:
                assert one.due is None

    def page_of(self, owner: int, page: CampaignPage, purpose: str) -> Sent:
        messages = [
            Message(
                owner,
                page.header.channel,
                one.to,
                purpose,
                due=datetime.fromtimestamp(one.due, UTC) if one.due else None,
                pending=True,
            )
            for one in page.content.messages
        ]
        return Sent(page.header, page.content, messages)

    def audience_of(self, account: Account, channel: str) -> list[str]:
        """Those with the tag, without those with the other one, in the countries that the account allows."""
        countries = account.guards.settings.countries
        return [
            name
            for name, one in account.contacts.items()
            if "spring" in one.tags
            and "staff" not in one.tags
            and (channel == "email" or countries is None or NUMBERS[one.addresses[channel]][0] in countries)
        ]

    def check_due(self, account: Account, message: Message, at: datetime) -> None:
        """It leaves in the hours of its recipient."""
        zone = ZoneInfo(account.contacts[message.address[1]].time_zone or "UTC")
        local = (message.due or at).astimezone(zone)
        assert time(9) <= local.time() < time(20), (message, local)
        assert local.isoweekday() < 7, (message, local)
