"""Why a mail was refused, in words that tell its sender what to do."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from openmai.people.errors import Text

REASONS: Final[dict[str, Text]] = {
    "too-large": _("The mail was too large. Send it without attachments."),
    "malformed": _(
        "The mail could be read in more than one way. Send a plain new mail, not a forwarded one."
    ),
    "no-code": _("The subject did not hold the code, or held more than one. Copy it exactly."),
    "duplicate-header": _("A header stood in the mail twice, so it is unclear which one counts."),
    "missing-header": _("The mail lacked one of From, To, Subject and Date."),
    "several-senders": _("The mail must come from exactly one address."),
    "foreign-sender": _(
        "The mail did not come from an address at exactly this company's domain. "
        "Similar domains and subdomains do not count."
    ),
    "other-recipient": _("The mail was not addressed to the mailbox that was given."),
    "wrong-date": _("The mail's date was too old or in the future. Send a new one now."),
    "not-signed": _(
        "The mail carried no DKIM signature of the company's own domain. Its mail system may not sign; "
        "the code by mail works all the same."
    ),
    "several-signatures": _(
        "The mail carried several signatures of the company's domain; exactly one is accepted."
    ),
    "partial-body": _("The signature covers only a part of the mail (l=), so the rest could be anyone's."),
    "unsigned-header": _("The signature does not cover From, To, Subject and Date."),
    "no-key": _("The company publishes no usable RSA key for this signature."),
    "several-keys": _("The company publishes more than one record for this key, so none can be relied on."),
    "test-key": _("The company's key is marked as being tested, so it proves nothing yet."),
    "short-key": _("The company's key is shorter than 1,024 bits and could be forged."),
    "bad-signature": _("The signature does not hold: the mail was changed on its way, or is forged."),
    "replayed": _("This very mail has been used as evidence before."),
    "department": _("The mail came from a mailbox of a department. Use an address that is yours alone."),
    "address-taken": _("This work address already verifies another account."),
    "other-season": _("The key that this mail was for belongs to a season that is over. Start again."),
    "expired": _("This request is too old. Start again."),
    "too-many": _("Too many mails came in for this request today. Try again tomorrow."),
}
