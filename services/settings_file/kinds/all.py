"""All kinds, in the order in which they are applied: those that others refer to come first."""

from services.settings_file.kind import Kind
from services.settings_file.kinds.audience.automations import Automations
from services.settings_file.kinds.audience.contact_lists import ContactFields, ContactGroups
from services.settings_file.kinds.audience.lead_sources import LeadSources
from services.settings_file.kinds.audience.purposes import Purposes
from services.settings_file.kinds.audience.segments import Segments
from services.settings_file.kinds.audience.templates import Templates
from services.settings_file.kinds.callbacks import Callbacks
from services.settings_file.kinds.gateways import Gateways
from services.settings_file.kinds.keywords import Keywords
from services.settings_file.kinds.oidc import Oidc
from services.settings_file.kinds.plans import Plans
from services.settings_file.kinds.roles import Roles
from services.settings_file.kinds.settings import Settings

KINDS: tuple[Kind, ...] = (
    Settings(),
    Roles(),
    Oidc(),
    Gateways(),
    Plans(),
    Callbacks(),
    Keywords(),
    Purposes(),
    ContactFields(),
    ContactGroups(),
    Segments(),
    Templates(),
    Automations(),
    LeadSources(),
)
BY_SECTION = {kind.section: kind for kind in KINDS}
