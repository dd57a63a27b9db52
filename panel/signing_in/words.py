"""Why a log-in at a provider of identities was refused, in words. English: it is translated where it is shown."""

from panel.rendering.words import _

REFUSED = {
    "not_begun": _("This log-in took too long, or was begun in another browser. Try it again."),
    "by_provider": _("Your company's log-in did not let you in, or you ended it there. Try it again."),
    "untrusted": _("What your company's log-in answered could not be verified. Try it again."),
    "nameless": _("Your company's log-in does not tell who you are, or your email address."),
    "domain": _("Email addresses of your domain are not accepted here."),
    "unverified": _("Your company's log-in has not verified your email address."),
    "email_invalid": _("The email address that your company's log-in tells cannot be used here."),
    "no_role": _("None of your groups has a role here. Ask whoever runs this install."),
    "removed": _("You were removed here. Ask somebody who may change staff."),
    "ended": _("Your rights here have ended. Ask somebody who may change staff."),
    "last_owner": _("You are the last owner, and your groups have another role. Log in with a password."),
    "email_taken": _("Somebody else here has your email address. Ask somebody who may change staff."),
    "role_not_found": _("The role of your group does not exist any more. Ask whoever runs this install."),
    "oidc_off": _("Nobody logs in at your company any more. Log in with a password."),
    "public_url_missing": _("The public URL of this install is not set. Log in with a password, and set it."),
    "oidc_unavailable": _("Your company's log-in does not answer just now. Try it again in a minute."),
    "unavailable": _("This install is not available just now. Try it again in a minute."),
}
OTHER = _("The log-in at your company did not work. Try it again, or log in with a password.")
"""Any other reason."""
