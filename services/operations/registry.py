"""The table of all kinds of operations."""

from services.operations.bulk_users import BulkUsers
from services.operations.cancel_waiting import CancelWaiting
from services.operations.export_user import ExportUser
from services.operations.import_contacts import ImportContacts
from services.operations.kinds import Kind
from services.operations.purge_user import PurgeUser

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (BulkUsers(), CancelWaiting(), ExportUser(), ImportContacts(), PurgeUser())
}
"""By name. A kind that has operations which have not ended must stay."""
