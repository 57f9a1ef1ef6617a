"""The verify page: each claim of a proof file in words, and what it does and does not say."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from openmai.anonymity.log.view import LogTrust
from openmai.anonymity.proof_file import CLAIMS, ClaimFailed, VerifiedPost, verify_proof_file
from openmai.anonymity.rosters import key_fingerprint


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """One claim. `holds` is None if it was not reached because an earlier one fell."""

    name: str
    text: str
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking gave. `post` is None if a claim fell, and `fallen` says then why."""

    lines: tuple[ClaimLine, ...]
    post: VerifiedPost | None
    fallen: str | None
    fingerprint: str


def check_claims(proof_file: bytes, *, roster_key: bytes, log: LogTrust) -> Verdict:
    """Check the file as anybody would, with the keys of this site."""
    fingerprint = key_fingerprint(roster_key)
    try:
        post = verify_proof_file(proof_file, roster_key=roster_key, log=log)
    except ClaimFailed as fall:
        return Verdict(_lines(fall.passed, fall.claim), None, fall.told(_), fingerprint)
    return Verdict(_lines(post.claims, None), post, None, fingerprint)


def _lines(passed: tuple[str, ...], fallen: str | None) -> tuple[ClaimLine, ...]:
    texts = claim_texts()
    return tuple(
        ClaimLine(name, texts[name], True if name in passed else False if name == fallen else None)
        for name in CLAIMS
    )


def claim_texts() -> dict[str, str]:
    """What each of `CLAIMS` says, in the language of the page."""
    return {
        "form": _("The file is complete, and every number in it is in its one permitted form."),
        "thread": _(
            "The number of the thread is the fingerprint of its opening, so the opening is unaltered."
        ),
        "content": _("The post belongs to this thread, and its own number is the fingerprint of its text."),
        "signature": _("The text was signed with the key of this persona."),
        "roster": _(
            "The roster was signed by this site, and the proof was made against exactly that roster."
        ),
        "label": _("The label shown is the one that the signed roster grants."),
        "alias": _("The alias follows from the proof; nobody could choose it."),
        "proof": _("Somebody in the roster entered this thread with this key. The proof does not say who."),
        "log-roster": _(
            "The roster stood in the public log that the writer saw, and the log has only grown since."
        ),
        "log-tick": _("The public log says that this post was published."),
        "log-order": _("The roster was logged before the post, so it was not made up for it."),
        "witnesses": _("Every signature that a known witness put under the log holds."),
    }


def statement_of(post: VerifiedPost, language: str) -> str:
    """What a proof file proves, in one sentence."""
    if post.label is None:
        text = _(
            "Written by one of %(crowd)d verified members of %(site)s on the roster of %(date)s. "
            "Not altered since."
        )
        return text % {"crowd": post.crowd, "site": post.site, "date": post.roster_date}
    company = post.label.zh if language.startswith("zh") else post.label.en
    if post.label.is_trade:
        text = _(
            "Written by one of %(crowd)d people who work in %(trade)s on the roster of %(date)s. "
            "Not altered since."
        )
        return text % {"crowd": post.crowd, "trade": company, "date": post.roster_date}
    text = _(
        "Written by one of %(crowd)d employees of %(company)s on the roster of %(date)s. Not altered since."
    )
    return text % {"crowd": post.crowd, "company": company, "date": post.roster_date}


def evidence_of(post: VerifiedPost) -> str:
    """What the roster itself rests on."""
    return {
        "provable": _(
            "Every member of this roster was verified by a mail or a log-in that their employer's "
            "server signed; the operator keeps this evidence, and that there is some for each is the "
            "operator's word."
        ),
        "attested": _(
            "That the members of this roster work there is the operator's word; "
            "the proof is that one of them wrote this."
        ),
        "site": _(
            "The members of this roster work for any of the companies of this site; which one is not said."
        ),
    }[post.kind]
