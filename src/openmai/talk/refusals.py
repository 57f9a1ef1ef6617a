"""Every refusal of a submission as an RFC 9457 problem, in the reader's language."""

from typing import Final

from django.utils.translation import gettext as _

from openmai.anonymity.documents import DocumentRefused
from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.gate import InvalidGate, MalformedGate
from openmai.api.problems import KINDS, Problem, Text, sentence
from openmai.talk.errors import Refused

# Where an error of the pure package has no pointer of its own.
_POINTERS: Final = {
    "bad-signature": "/signature",
    "malformed-proof": "/join/proof",
    "invalid-proof": "/join/proof",
    "zero-root": "/join/root",
    "unknown-root": "/join/root",
    "bad-nullifier": "/join/nullifier",
}


def problem_of_refusal(error: Refused | AnonymityError) -> Problem:
    """The problem that tells `error`. One without a code of its own is a fault of ours, and raised on."""
    code = getattr(error, "code", None)
    if code not in KINDS:
        raise error
    headers = {"Retry-After": "60"} if code == "pool-full" else None
    pointer = error.pointer if error.pointer else _POINTERS.get(code)
    return Problem(code, _detail(error, code), pointer=pointer, headers=headers)


def _detail(error: Refused | AnonymityError, code: str) -> Text:
    match error:
        case Refused():
            return str(error)
        case InvalidGate() | MalformedGate():
            pass
        case DocumentRefused():
            return sentence(error.told(_))
    return {
        "bad-signature": _("The signature was not made with this key over this content."),
        "malformed-proof": _("The proof's points are not in their one permitted encoding."),
        "malformed-gate": _("The gate proof's points are not in their one permitted encoding."),
        "invalid-gate": _(
            "The gate proof does not prove this: persona, message, day, slots or ban list is another."
        ),
        "invalid-proof": _("The proof does not prove this: scope, message, root or nullifier is another."),
    }.get(code, sentence(error.told(_)))
