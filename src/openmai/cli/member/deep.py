"""`openmai verify --deep`: the whole log fetched and the crowd of a post rebuilt from it, in words."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from openmai.anonymity.log.deep import DeepCheck, VerifiedCrowd
from openmai.anonymity.log.issuers import Signers
from openmai.anonymity.log.notes import NoteKey
from openmai.anonymity.log.view import LogTrust
from openmai.anonymity.proof_file import ClaimFailed, VerifiedPost
from openmai.cli.log.sources import Folder, Site, Source
from openmai.cli.member.checking import Verdict, company_of, verdict_document, verdict_lines
from openmai.cli.member.disclosed import Disclosed, check_folder, disclosed_sentence
from openmai.cli.member.home import Home
from openmai.cli.member.log_pins import read_log_pins
from openmai.cli.member.show import Progress, tell
from openmai.cli.member.web import Web
from openmai.cli.member.words import gettext as _

# Of those whose keys signed, so many are told.
MOST_OWNERS: Final = 5


@dataclass(frozen=True, slots=True)
class Looked:
    """Where the log is read: a talk site, or a copy of its log."""

    source: Source
    is_copy: bool


def look_at(*, mirror: Path | None, link: str | None, talk: str | None, home: Home) -> Looked:
    """The copy that was named, else the site of the link, else the one named or last used."""
    if mirror is not None:
        return Looked(Folder(mirror), is_copy=True)
    if link is not None:
        return Looked(Site(Web(link)), is_copy=False)
    from openmai.cli.member.member import last_talk_origin

    return Looked(Site(Web(talk or last_talk_origin(home))), is_copy=False)


def check_crowd(verdict: Verdict, looked: Looked, *, home: Home, progress: Progress) -> VerifiedCrowd:
    """Check the crowd of a post whose own claims hold; raise `ClaimFailed`, `Refused` or `Unreachable`.

    What is asked for is the log, the same files for every post.
    """
    post, pins = verdict.post, read_log_pins(home, verdict.post.site)
    trust = verdict.log or LogTrust(NoteKey(post.logged.origin, post.logged.key))
    # An older copy contradicts nothing.
    seen = pins.seen.head if pins and pins.seen and not looked.is_copy else None
    check = DeepCheck(post, trust=trust, seen=seen)
    try:
        check.open(looked.source.checkpoint())
        with progress.numbering(_("Reading the log")) as report:
            for tile in check.tiles():
                report(check.take(tile, looked.source.tile(tile)), check.size)
        with progress.numbering(_("Verifying proofs of knowledge")) as report:
            return check.finish(randbits=secrets.randbits, report=report)
    except ClaimFailed as error:
        error.passed = (*post.claims, *error.passed)
        raise


def tell_crowd(verdict: Verdict, looked: Looked, *, evidence: Path | None, home: Home, as_json: bool) -> None:
    """Check the crowd and print what was found, after what was found before."""
    crowd = check_crowd(verdict, looked, home=home, progress=Progress())
    given = None if evidence is None else _disclosed(evidence, verdict.post, crowd)
    if as_json:
        deep = crowd_document(verdict.post, crowd) | {"disclosed": given.document() if given else None}
        print(json.dumps({**verdict_document(verdict), "deep": deep}, ensure_ascii=False))
        return
    for line in verdict_lines(verdict, deeper=(*crowd.claims, *(["disclosed"] if given else []))):
        tell(line)
    tell()
    if given is not None:
        tell(disclosed_sentence(given, crowd.live))
    tell(closing_sentence(verdict.post, crowd))
    for sentence in signer_sentences(crowd.signers):
        tell(sentence)


def _disclosed(folder: Path, post: VerifiedPost, crowd: VerifiedCrowd) -> Disclosed:
    try:
        return check_folder(folder, crowd.leaves, post.signed.statement.domain)
    except ClaimFailed as error:
        error.passed = (*post.claims, *crowd.claims)
        raise


def crowd_document(post: VerifiedPost, crowd: VerifiedCrowd) -> dict[str, Any]:
    """What `--json` says under `deep`."""
    return {
        "claims": list(crowd.claims),
        "live": crowd.live,
        "classes": dict(crowd.classes),
        "on_word": crowd.on_word,
        "signers": {"owners": list(crowd.signers.owners), "unnamed": crowd.signers.unnamed},
        "epochs": crowd.epochs,
        "log": crowd.size,
        "unaltered_since": since(post),
    }


def since(post: VerifiedPost) -> str:
    """The day on which the log says that the post appeared."""
    return post.logged.tick[:10]


def closing_sentence(post: VerifiedPost, crowd: VerifiedCrowd) -> str:
    """What a deep check amounts to."""
    values = {
        "live": f"{crowd.live:,}",
        "company": company_of(post),
        "dkim": f"{crowd.classes['dkim']:,}",
        "oidc": f"{crowd.classes['oidc']:,}",
        "word": f"{crowd.on_word:,}",
        "since": since(post),
    }
    if post.label is None:
        message = _(
            "Written by one of %(live)s members: %(dkim)s by DKIM, %(oidc)s by OpenID Connect, "
            "%(word)s on the operator's word. Not altered since %(since)s."
        )
    else:
        message = _(
            "Written by one of %(live)s employees of %(company)s: %(dkim)s by DKIM, "
            "%(oidc)s by OpenID Connect, %(word)s on the operator's word. Not altered since %(since)s."
        )
    return message % values


def signer_sentences(signers: Signers) -> list[str]:
    """Whose keys signed is the operator's word, in the log; no more than that is said."""
    sentences = []
    if signers.owners:
        shown = ", ".join(signers.owners[:MOST_OWNERS])
        more = len(signers.owners) - MOST_OWNERS
        names = _("%(names)s and %(more)d more") % {"names": shown, "more": more} if more > 0 else shown
        sentences.append(
            _(
                "The operator says in the log that these signatures were made with keys of %(names)s. "
                "Whether a key was theirs, anyone could see in the DNS, or at the issuer of the log-ins, on "
                "the day of the list that first named it."
            )
            % {"names": names}
        )
    if signers.unnamed:
        message = _("%(unnamed)s of the signatures were made with a key that the log does not name.")
        sentences.append(message % {"unnamed": f"{signers.unnamed:,}"})
    return sentences
