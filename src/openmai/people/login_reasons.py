"""Why a log-in at the employer proves nothing, in words that tell the member what to do."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from openmai.people.errors import Text

REASONS: Final[dict[str, Text]] = {
    "form": _("The employer's answer was not one that can be relied on. Nothing was kept."),
    "algorithm": _("The employer's log-in signs in a way that others cannot check, so it proves nothing."),
    "signature": _("The signature of the employer's answer does not hold."),
    "key": _("The employer publishes no single key that this answer could have been signed with."),
    "issuer": _("The answer came from another identity provider than your company's."),
    "audience": _("The answer was made for another site."),
    "nonce": _("The answer was not made for this log-in, or not for your key. Start again."),
    "tenant": _("You logged in with an account of another company, or a private one. Use your work account."),
    "expired": _("The answer was too old, or a clock is wrong. Start again."),
    "replayed": _("This very answer has been used as evidence before."),
    "state": _("This log-in was not begun here, or too long ago. Start again."),
    "denied": _("The log-in at your employer was not finished. Nothing was kept."),
    "unreachable": _(
        "Your employer's log-in could not be reached, or does not answer as one. Try again later."
    ),
    "address-taken": _("This log-in already verifies another account."),
    "other-season": _("The key that this log-in was for belongs to a season that is over. Start again."),
}
