"""`openmai verify --deep --evidence FOLDER`: evidence that members or the operator disclosed, checked again.

Each file is a package as it was sealed (docs/protocol.md §2). What it says of its employment's account is the
operator's affair; what the employer signed in it anybody can check.
"""

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from openmai.anonymity.encoding import Domain
from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.evidence import Package, WrongEvidence, read_package
from openmai.anonymity.limits import MAX_DISCLOSED, MAX_EVIDENCE
from openmai.anonymity.log.journals import JournalLeaf
from openmai.anonymity.proof_file import ClaimFailed
from openmai.cli.member.errors import Usage
from openmai.cli.member.words import gettext as _

N_ = gettext_noop


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What held: how many packages of each class, and who signed them."""

    files: int
    classes: Mapping[str, int]
    issuers: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        return {"files": self.files, "classes": dict(self.classes), "issuers": list(self.issuers)}


def check_folder(folder: Path, leaves: Iterable[JournalLeaf], domain: Domain) -> Disclosed:
    """Check every file of `folder`; raise `ClaimFailed` under "disclosed", naming the first that falls."""
    by_commitment = {leaf.commitment: leaf for leaf in leaves}
    found: dict[int, Package] = {}
    issuers: set[str] = set()
    for path in _files(folder):
        try:
            package = read_package(_read(path), domain)
            issuers |= _check(package, by_commitment.get(package.commitment))
            if package.commitment in found:
                raise WrongEvidence(N_("another file is of the same leaf"))
        except AnonymityError as error:
            message = N_("%(file)s: %(reason)s")
            told = WrongEvidence(message, file=path.name, reason=error.told(_))
            raise ClaimFailed("disclosed", told) from error
        found[package.commitment] = package
    classes = Counter(package.kind for package in found.values())
    return Disclosed(len(found), classes, tuple(sorted(issuers)))


def _files(folder: Path) -> list[Path]:
    try:
        listed = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        message = _("%(path)s cannot be read: %(reason)s.")
        raise Usage(message % {"path": folder, "reason": error.strerror}) from error
    if len(listed) > MAX_DISCLOSED:
        message = _("%(path)s has more than %(most)d files.")
        raise Usage(message % {"path": folder, "most": MAX_DISCLOSED})
    return listed


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_EVIDENCE + 1)
    except OSError as error:
        message = _("%(path)s cannot be read: %(reason)s.")
        raise Usage(message % {"path": path, "reason": error.strerror}) from error


def _check(package: Package, leaf: JournalLeaf | None) -> set[str]:
    """Who signed the package, if anybody did; raise `WrongEvidence` unless it is the evidence of `leaf`."""
    if leaf is None:
        raise WrongEvidence(N_("it is the evidence of nobody in this crowd"))
    if package.digest != leaf.evidence or package.kind != leaf.kind:
        raise WrongEvidence(N_("it is not the evidence whose hash was logged"))
    if package.kind not in _CHECKS:
        return set()
    try:
        issuer, key = _CHECKS[package.kind](package)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise WrongEvidence(N_("it lacks what its class must hold")) from error
    if key != leaf.issuer_key:
        raise WrongEvidence(N_("it is signed by another key than the one whose hash was logged"))
    return {issuer}


def _mail(package: Package) -> tuple[str, bytes]:
    """The domain whose server signed the mail, and the key's hash."""
    from openmai.people.signed_mail import MailRefused, verify_mail
    from openmai.people.txt_records import TxtAnswer

    facts = package.facts
    answer = TxtAnswer.from_document(facts["dns"])
    try:
        verified = verify_mail(
            base64.b64decode(facts["mail"], validate=True),
            bind=package.bind,
            domains=[facts["domain"]],
            to=facts["to"],
            now=datetime.fromisoformat(facts["received"]),
            look_up=lambda name: answer if name == answer.name else TxtAnswer(name, ()),
        )
    except MailRefused as error:
        raise _unsigned(error.code) from error
    return verified.domain, verified.key


def _token(package: Package) -> tuple[str, bytes]:
    """Who issued the token, and the key's thumbprint."""
    from openmai.people.id_token import Expected, TokenRefused, verify_id_token

    facts = package.facts
    ((claim, tenant),) = (facts["tenant"] or {"": ""}).items()
    expected = Expected(facts["issuer"], facts["client_id"], package.bind, claim, tenant)
    try:
        proved = verify_id_token(
            facts["id_token"],
            jwks=json.loads(facts["jwks"]),
            expected=expected,
            now=datetime.fromisoformat(facts["received"]),
        )
    except TokenRefused as error:
        raise _unsigned(error.code) from error
    return proved.issuer, proved.key


def _unsigned(code: str) -> WrongEvidence:
    if code in ("no-code", "nonce"):
        return WrongEvidence(N_("what the employer signed is not bound to this leaf"))
    return WrongEvidence(N_("the employer's signature does not hold (%(code)s)"), code=code)


_CHECKS: Final[Mapping[str, Callable[[Package], tuple[str, bytes]]]] = {"dkim": _mail, "oidc": _token}


def disclosed_sentence(found: Disclosed, live: int) -> str:
    """What was disclosed, and that it holds."""
    values = {
        "files": f"{found.files:,}",
        "live": f"{live:,}",
        "dkim": f"{found.classes.get('dkim', 0):,}",
        "oidc": f"{found.classes.get('oidc', 0):,}",
        "issuers": ", ".join(found.issuers) or _("none"),
    }
    message = _(
        "Evidence was disclosed for %(files)s of %(live)s, and all of it holds: %(dkim)s mails and "
        "%(oidc)s log-ins, signed by %(issuers)s."
    )
    return message % values
