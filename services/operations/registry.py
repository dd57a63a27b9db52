"""The table of all kinds of operations."""

from services.operations.bulk_users import BulkUsers
from services.operations.cancel_waiting import CancelWaiting
from services.operations.contact_fields import DeleteField
from services.operations.contact_groups import DeleteGroup
from services.operations.export_user import ExportUser
from services.operations.import_contacts import ImportContacts
from services.operations.kinds import Kind
from services.operations.purge_user import PurgeUser
from services.operations.replay_leads import ReplayLeads
from services.operations.replay_messages import ReplayMessages
from services.persons.carrying_out import ErasePerson
from services.persons.writing_out import ExportPerson

_KINDS: tuple[Kind, ...] = (
    *(BulkUsers(), CancelWaiting(), DeleteField(), DeleteGroup()),
    *(ErasePerson(), ExportPerson(), ExportUser(), ImportContacts(), PurgeUser(), ReplayLeads(), ReplayMessages()),
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in _KINDS}
"""By name. A kind that has operations which have not ended must stay."""
