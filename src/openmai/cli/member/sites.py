"""What the talk site and the people site are asked, and what is believed of their answers."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from openmai.anonymity.content import SITE_PATTERN
from openmai.anonymity.documents import DocumentRefused
from openmai.anonymity.encoding import Domain, canonical_json, sha256
from openmai.anonymity.errors import AnonymityError, NotCanonical
from openmai.anonymity.fields import parse_hex
from openmai.anonymity.gate import MOST_SLOTS
from openmai.anonymity.keys import BadSignature, verify_signature
from openmai.anonymity.limits import MAX_PROOF_FILE
from openmai.anonymity.log.view import LogTrust
from openmai.anonymity.seasons import season_at
from openmai.cli.member.errors import Refused, Unreachable, Usage
from openmai.cli.member.log_pins import read_trust
from openmai.cli.member.web import Web, read_origin
from openmai.cli.member.words import gettext as _

# What is told of clocks that differ by less would only be noise.
CLOCK_TOLERANCE: Final = 900


@dataclass(frozen=True, slots=True)
class GateFacts:
    """The site's gate: slots a day, the verification key as snarkjs' JSON, and where the proving key lies."""

    slots: int
    vkey: dict[str, Any]
    zkey_path: str
    zkey: bytes

    @property
    def name(self) -> bytes:
        """What this machine pins: a digest of both keys."""
        return sha256(canonical_json({"vkey": self.vkey, "zkey": self.zkey.hex()}))


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """The parts of `GET /api/v1/site` that the member's commands use; keys are 32 bytes.

    `ahead`: by how many seconds this machine's clock is ahead of the site's, 0 if they agree. `past`: these
    are the facts for speaking in a season that is over and whose threads are open still.
    """

    domain: Domain
    tick_seconds: int
    floor: int
    receipt_key: bytes
    roster_key: bytes
    people_origin: str
    log: LogTrust
    sections: tuple[str, ...]
    gate: GateFacts
    ahead: int = 0
    past: bool = False

    def of_season(self, season: str) -> "SiteFacts":
        """The same site in a season whose threads are open."""
        if season == self.domain.season:
            return self
        return replace(self, domain=Domain(self.domain.site, season), past=True)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The talk site's signed word that it has accepted an action. `state` is "waiting" or "published"."""

    state: str
    due: str
    signature: bytes


def fetch_facts(web: Web, *, now: int) -> SiteFacts:
    """Ask the talk site who it is; raise `Refused` if its season is not that of this machine's clock."""
    answer = web.get_json("/api/v1/site")
    try:
        facts = _read_facts(answer, now)
    except (KeyError, TypeError, ValueError, AnonymityError, Usage) as error:
        raise Unreachable(_("%(origin)s is no talk site of Openmai.") % {"origin": web.origin}) from error
    expected = season_at(now).id
    if facts.domain.season != expected:
        # An old season would draw out an old secret.
        message = _(
            "%(origin)s says that the season is %(found)s; by this machine's clock it is %(expected)s."
        )
        raise Refused(message % {"origin": web.origin, "found": facts.domain.season, "expected": expected})
    return facts


def _read_facts(answer: dict[str, Any], now: int) -> SiteFacts:
    site, season = answer["site"], answer["season"]
    if not SITE_PATTERN.fullmatch(site) or not isinstance(season, str):
        raise ValueError("site")
    return SiteFacts(
        domain=Domain(site, season),
        tick_seconds=_whole(answer["tick_seconds"]),
        floor=_whole(answer["floor"]),
        receipt_key=parse_hex(answer["receipt_key"], size=32),
        roster_key=parse_hex(answer["roster_key"], size=32),
        people_origin=read_origin(answer["people_origin"]),
        log=read_trust(answer["log"], site=site),
        sections=tuple(str(section["slug"]) for section in answer["sections"]),
        gate=_read_gate_facts(answer["gate"]),
        ahead=_ahead(now, answer["next_tick"], _whole(answer["tick_seconds"])),
    )


def _ahead(now: int, next_tick: str, tick_seconds: int) -> int:
    """The site's clock stands somewhere in the span of a tick before its next one."""
    latest = int(datetime.fromisoformat(next_tick).timestamp())
    earliest = latest - tick_seconds
    difference = now - latest if now > latest else min(now - earliest, 0)
    return difference if abs(difference) > CLOCK_TOLERANCE else 0


def _read_gate_facts(gate: dict[str, Any]) -> GateFacts:
    slots, vkey, path = _whole(gate["slots"]), gate["vkey"], gate["zkey"]["url"]
    if slots > MOST_SLOTS or not isinstance(vkey, dict):
        raise ValueError("gate")
    # A path of the site itself, so that nobody else learns who is about to prove.
    if not isinstance(path, str) or not path.startswith("/static/") or ".." in path:
        raise ValueError("zkey")
    return GateFacts(slots, vkey, path, parse_hex(gate["zkey"]["sha256"], size=32))


def _whole(value: object) -> int:
    if type(value) is not int or value < 1:
        raise ValueError("a whole number was expected")
    return value


def fetch_proof_file(web: Web, post: bytes) -> bytes:
    """The proof file of a post, by its id."""
    return web.get(f"/p/{post.hex()}/proof.json", limit=MAX_PROOF_FILE)


def fetch_state(web: Web, action: bytes) -> str:
    """ "waiting", "published" or "unknown"."""
    state = web.get_json(f"/api/v1/actions/{action.hex()}").get("state")
    if state not in ("waiting", "published", "unknown"):
        raise Unreachable(_("%(origin)s gave no state of the post.") % {"origin": web.origin})
    return str(state)


def submit(web: Web, body: bytes, *, action: bytes, facts: SiteFacts) -> Receipt:
    """Send a submission; raise `Refused` if the receipt is not the site's own for this action."""
    _status, answer = web.post_json("/api/v1/submissions", body)
    try:
        state, due = answer["state"], answer["due"]
        signature = parse_hex(answer["signature"], size=64)
        if (
            answer["action"] != action.hex()
            or state not in ("waiting", "published")
            or not isinstance(due, str)
        ):
            raise ValueError("answer")
        verify_signature(
            key=facts.receipt_key, signature=signature, message=facts.domain.receipt_bytes(action, due)
        )
    except (KeyError, ValueError, NotCanonical, DocumentRefused, BadSignature) as error:
        message = _("%(origin)s gave no valid receipt; the post stays in the outbox.")
        raise Refused(message % {"origin": web.origin}) from error
    return Receipt(state, due, signature)


def send_answer(web: Web, body: bytes) -> dict[str, Any]:
    """Hand the answer to a ticket to the people site."""
    return web.post_json("/api/v1/enrolments", body)[1]
