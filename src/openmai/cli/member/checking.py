"""`openmai verify`: a file or a link becomes a verdict. No key is needed, and for a file no network."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from openmai.anonymity.content import Opening
from openmai.anonymity.documents import BadValue
from openmai.anonymity.errors import gettext_noop
from openmai.anonymity.limits import MAX_PROOF_FILE
from openmai.anonymity.log.view import LogTrust
from openmai.anonymity.proof_file import ClaimFailed, VerifiedPost, verify_proof_file
from openmai.anonymity.rosters import key_fingerprint
from openmai.cli.member.errors import Refused, Usage
from openmai.cli.member.home import Home
from openmai.cli.member.log_pins import known_log
from openmai.cli.member.pins import read_pins
from openmai.cli.member.show import plain
from openmai.cli.member.words import gettext as _
from openmai.cli.member.words import language, ngettext, pgettext, reason_of

_POST: Final = re.compile(r"/(?:[a-z-]+/)?(?:p|t)/([0-9a-f]{64})(?:/.*)?")


@dataclass(frozen=True, slots=True)
class Source:
    """A proof file, and the id of the post that it must be of, if the link named one."""

    data: bytes
    post: bytes | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was proved. `trust` says why the roster key is believed: "given", "pinned" or "unknown".

    `log` is whom this machine believes about the log, None if it has never seen it.
    """

    post: VerifiedPost
    trust: str
    log: LogTrust | None


def is_link(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def post_of_link(link: str) -> bytes:
    """The id that the address of a post or a thread names; raise `Usage` if it names none."""
    if (match := _POST.fullmatch(urlsplit(link).path)) is None:
        raise Usage(_("%(link)s is not the address of a post.") % {"link": link})
    return bytes.fromhex(match[1])


def read_source(text: str, *, fetch: Callable[[str, bytes], bytes]) -> Source:
    """The proof file that `text`, a path or a link, stands for; raise `Usage` or what `fetch` raises."""
    if is_link(text):
        post = post_of_link(text)
        return Source(fetch(text, post), post)
    try:
        with Path(text).open("rb") as file:
            # One byte more than is allowed, so that the claim `form` says so.
            return Source(file.read(MAX_PROOF_FILE + 1), None)
    except OSError as error:
        message = _("%(path)s cannot be read: %(reason)s.")
        raise Usage(message % {"path": text, "reason": error.strerror}) from error


def check(source: Source, *, roster_key: bytes | None, home: Home) -> Verdict:
    """Check every claim; raise `ClaimFailed`.

    `roster_key` must have signed the roster; without it the key that this machine knows of the site, if it
    has spoken there before.
    """
    post = verify_proof_file(source.data, roster_key=roster_key)
    trust, log = "given" if roster_key is not None else "unknown", known_log(home, post.site)
    if roster_key is None and (pins := read_pins(home, post.site)) is not None:
        roster_key, trust = pins.roster_key, "pinned"
    if roster_key is not None or log is not None:
        post = verify_proof_file(source.data, roster_key=roster_key, log=log)
    if source.post is not None and source.post != post.post_id:
        other = BadValue(gettext_noop("the link names another post"))
        raise ClaimFailed("content", other, passed=("form", "thread"))
    return Verdict(post, trust, log)


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """What `--json` prints for a post whose claims all hold."""
    post = verdict.post
    return {
        "verified": True,
        "claims": list(post.claims),
        "site": post.site,
        "season": post.season,
        "thread": post.thread_id.hex(),
        "post": post.post_id.hex(),
        "title": post.opening.title,
        "body": post.content.body,
        "alias": {"en": post.alias_en, "zh": post.alias_zh},
        "label": None if post.label is None else post.label.document(),
        "kind": post.kind,
        "roster": {
            "roster": post.roster,
            "epoch": post.epoch,
            "published": post.roster_date,
            "live": post.crowd,
            "settled": post.settled,
            "size": post.size,
            "key": post.roster_key.hex(),
            "fingerprint": post.fingerprint,
            "trust": verdict.trust,
        },
        "log": {
            "origin": post.logged.origin,
            "key": post.logged.key.hex(),
            "size": post.logged.head.size,
            "roster": post.logged.roster_index,
            "index": post.logged.tick_index,
            "tick": post.logged.tick,
            "witnesses": [
                {"name": each.witness, "timestamp": each.timestamp} for each in post.logged.witnesses
            ],
            "trust": "unknown" if verdict.log is None else "pinned",
        },
    }


def failure_document(error: ClaimFailed) -> dict[str, Any]:
    """What `--json` prints when a claim fell."""
    return {
        "verified": False,
        "claim": error.claim,
        "reason": reason_of(error),
        "pointer": error.pointer,
        "passed": list(error.passed),
    }


def claim_names() -> dict[str, str]:
    """What each claim is called, for people; programs know it by the key."""
    return {
        "form": pgettext("claim", "form"),
        "thread": pgettext("claim", "thread"),
        "content": pgettext("claim", "content"),
        "signature": pgettext("claim", "signature"),
        "roster": pgettext("claim", "roster"),
        "label": pgettext("claim", "label"),
        "alias": pgettext("claim", "alias"),
        "proof": pgettext("claim", "proof"),
        "log-roster": pgettext("claim", "log-roster"),
        "log-tick": pgettext("claim", "log-tick"),
        "log-order": pgettext("claim", "log-order"),
        "witnesses": pgettext("claim", "witnesses"),
        "whole-log": pgettext("claim", "whole-log"),
        "leaves": pgettext("claim", "leaves"),
        "backing": pgettext("claim", "backing"),
        "knowledge": pgettext("claim", "knowledge"),
        "journals": pgettext("claim", "journals"),
        "disclosed": pgettext("claim", "disclosed"),
    }


def claim_sentences() -> dict[str, str]:
    """What each claim says, for people."""
    return {
        "form": _("the file is complete and in its one permitted form"),
        "thread": _("the thread is named by its opening"),
        "content": _("the post belongs to this thread, and its id is the hash of what it says"),
        "signature": _("the post is signed by its persona"),
        "roster": _("the roster is signed, and is the one that the proof names"),
        "label": _("the label is that of the roster"),
        "alias": _("the alias follows from the proof"),
        "proof": _("one of the roster's members made the proof, for this thread and this persona"),
        "log-roster": _("the roster stood in the log that the writer saw, and the log has only grown since"),
        "log-tick": _("the log says that the post was published"),
        "log-order": _("the roster was logged before the post"),
        "witnesses": _("every signature of a known witness under the log holds"),
        "whole-log": _("all entries of the log lead to the root that was signed, and none was taken back"),
        "leaves": _("the leaves in the log give the very root under which the proof was made"),
        "backing": _("each leaf is there once, and names what it stands on"),
        "knowledge": _("behind each leaf is a secret that somebody has shown to know"),
        "journals": _("the operator has signed what the log says of each leaf"),
        "disclosed": _("the evidence that was given is that of the leaves, and what employers signed holds"),
    }


def crowd_sentence(post: VerifiedPost) -> str:
    """The sentence that all claims together amount to."""
    values = {"crowd": post.crowd, "date": post.roster_date, "company": company_of(post)}
    if post.label is None:
        return _("Written by one of %(crowd)d verified members (roster of %(date)s).") % values
    if post.label.is_trade:
        message = _(
            "Written by one of %(crowd)d verified people who work in %(company)s (roster of %(date)s)."
        )
        return message % values
    return _("Written by one of %(crowd)d verified employees of %(company)s (roster of %(date)s).") % values


def _label(post: VerifiedPost) -> str:
    if post.label is None:
        return _("Verified member")
    if post.label.is_trade:
        return _("Someone in %(trade)s") % {"trade": company_of(post)}
    return _("Employee of %(company)s") % {"company": company_of(post)}


def company_of(post: VerifiedPost) -> str:
    """The name of the company or trade in the reader's language; "" for the site's own roster."""
    if post.label is None:
        return ""
    return post.label.zh if language() == "zh" else post.label.en


def kind_sentence(post: VerifiedPost) -> str:
    """On whose word the roster stands."""
    return {
        "provable": _(
            "Every member of this roster is backed by a mail or a log-in that the employer's server signed, "
            "which the operator keeps and answers for."
        ),
        "attested": _("The employments of this roster are vouched for by the operator."),
        "site": _(
            "The operator vouches that each member of this roster works for one of this site's companies."
        ),
    }[post.kind]


def trust_sentence(verdict: Verdict) -> str:
    """Why the roster is believed to be the operator's."""
    sentence = {
        "given": _("Signed by the roster key that you gave (fingerprint %(fingerprint)s)."),
        "pinned": _(
            "Signed by the roster key that this machine knows of the site (fingerprint %(fingerprint)s)."
        ),
        "unknown": _(
            "Signed by a roster key with fingerprint %(fingerprint)s. "
            "Compare it with the one that the operator publishes, or give the key with --roster-key."
        ),
    }[verdict.trust]
    return sentence % {"fingerprint": verdict.post.fingerprint}


def log_sentence(verdict: Verdict) -> str:
    """What the log says, and how many others watch it."""
    logged = verdict.post.logged
    values = {"tick": logged.tick, "witnesses": len(logged.witnesses), "key": key_fingerprint(logged.key)}
    said = ngettext(
        "Logged at %(tick)s, with %(witnesses)d witness, under the log key %(key)s.",
        "Logged at %(tick)s, with %(witnesses)d witnesses, under the log key %(key)s.",
        len(logged.witnesses),
    )
    known = (
        _("This machine knows the key.") if verdict.log else _("This machine has not seen the log before.")
    )
    return f"{said % values} {known}"


def post_lines(post: VerifiedPost) -> list[str]:
    """The post itself, with whom it is from."""
    alias = post.alias_zh if language() == "zh" else post.alias_en
    label = _label(post)
    title = [plain(post.opening.title)] if isinstance(post.content, Opening) else []
    return [f"{alias} · {plain(label)}", *title, *plain(post.content.body).split("\n")]


def verdict_lines(verdict: Verdict, *, deeper: Iterable[str] = ()) -> list[str]:
    """What is printed for a post whose claims all hold, those `deeper` down as well."""
    post = verdict.post
    said = [f"  {line}" for line in post_lines(post)]
    meant = [crowd_sentence(post), kind_sentence(post), trust_sentence(verdict), log_sentence(verdict)]
    return [*_passed_lines([*post.claims, *deeper]), "", *said, "", *meant]


def failure_lines(error: ClaimFailed) -> list[str]:
    """What is printed when a claim fell."""
    name = claim_names()[error.claim]
    fell = _("NOT PROVED. The claim “%(claim)s” fell.") % {"claim": name}
    return [*_passed_lines(error.passed), f"✗ {name}: {reason_of(error)}", "", fell]


def _passed_lines(claims: Iterable[str]) -> list[str]:
    names, sentences = claim_names(), claim_sentences()
    return [f"✓ {names[claim]}: {sentences[claim]}" for claim in claims]


def require_claim(error: ClaimFailed) -> Refused:
    """A failed claim where a post was only a step, such as the opening of the thread that is answered."""
    name = claim_names()[error.claim]
    message = _("The thread cannot be trusted; %(claim)s: %(reason)s.")
    return Refused(message % {"claim": name, "reason": reason_of(error)})
