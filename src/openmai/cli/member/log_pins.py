"""What this machine believes of a site's log: its key and witnesses, and the newest checkpoint seen."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from openmai.anonymity.encoding import sha256
from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.log.checkpoints import SignedCheckpoint, log_origin, open_checkpoint
from openmai.anonymity.log.notes import COSIGNATURE, ED25519, NoteKey, parse_key
from openmai.anonymity.log.view import Equivocation, LogTrust
from openmai.cli.member.errors import Refused
from openmai.cli.member.home import Home, read_private, write_private, write_private_bytes
from openmai.cli.member.words import gettext as _

_MAX_WITNESSES: Final = 32


@dataclass(frozen=True, slots=True)
class LogPins:
    """Whom this machine believes about a site's log since it first saw it, and the newest checkpoint."""

    trust: LogTrust
    seen: SignedCheckpoint | None


def read_trust(document: Any, *, site: str) -> LogTrust:
    """What `/api/v1/site` says under `log`; raise `ValueError` or a `LogRefused`."""
    witnesses, quorum = document["witnesses"], document["quorum"]
    if type(witnesses) is not list or len(witnesses) > _MAX_WITNESSES or type(quorum) is not int:
        raise ValueError("log")
    trust = LogTrust(
        parse_key(str(document["key"]), kind=ED25519),
        tuple(parse_key(str(each), kind=COSIGNATURE) for each in witnesses),
        quorum,
    )
    if not trust.key.name == document["origin"] == log_origin(site) or not 0 <= quorum <= len(witnesses):
        raise ValueError("log")
    return trust


def read_log_pins(home: Home, site: str) -> LogPins | None:
    """None for a site whose log was never seen here; raise `Refused` if damaged."""
    path = home.log(site)
    try:
        document = read_private(path)
        trust = read_trust(document, site=site)
        note = document["seen"]
        return LogPins(trust, None if note is None else open_checkpoint(str(note).encode(), trust.key))
    except FileNotFoundError:
        return None
    except (AnonymityError, KeyError, TypeError, ValueError) as error:
        raise Refused(_("%(path)s is damaged.") % {"path": path}) from error


def write_log_pins(home: Home, site: str, pins: LogPins) -> None:
    trust = pins.trust
    write_private(
        home.log(site),
        {
            "origin": trust.key.name,
            "key": trust.key.text,
            "witnesses": [each.text for each in trust.witnesses],
            "quorum": trust.quorum,
            "seen": None if pins.seen is None else pins.seen.data.decode(),
        },
    )


def pin_log(home: Home, site: str, offered: LogTrust) -> LogPins:
    """Believe what the site says of its log on first use; later raise `Refused` when it says otherwise."""
    pins = read_log_pins(home, site)
    if pins is None:
        pins = LogPins(offered, None)
        write_log_pins(home, site, pins)
    if pins.trust.key != offered.key:
        message = _("The site names another log key (%(found)s) than the one that you know (%(wanted)s).")
        values = {"found": offered.key.text, "wanted": pins.trust.key.text}
        raise Refused(message % values, code="log-key")
    if not set(pins.trust.witnesses) <= set(offered.witnesses) or offered.quorum < pins.trust.quorum:
        message = _(
            "The site names other witnesses of its log, or asks for fewer, than when this machine first saw "
            "it. If the operator has announced this: openmai log trust"
        )
        raise Refused(message, code="log-witnesses")
    if pins.trust != offered:
        pins = LogPins(offered, pins.seen)
        write_log_pins(home, site, pins)
    return pins


def trust_log(home: Home, site: str, offered: LogTrust) -> None:
    """Believe what the site says of its log now; what was seen under the same key stays."""
    pins = read_log_pins(home, site)
    same = pins is not None and pins.trust.key == offered.key
    write_log_pins(home, site, LogPins(offered, pins.seen if pins and same else None))


def keep_evidence(home: Home, site: str, error: Equivocation) -> Path:
    """Both signed checkpoints in one file, named by its hash."""
    data = error.kept.data + b"\n" + error.shown.data
    path = home.log(site).parent / "evidence" / f"{sha256(data).hex()[:16]}.txt"
    write_private_bytes(path, data)
    return path


def known_log(home: Home, site: str) -> LogTrust | None:
    """Whom this machine believes about the site's log, if it has seen it."""
    pins = read_log_pins(home, site)
    return None if pins is None else pins.trust


def key_name(key: NoteKey) -> str:
    """A log's or witness's key as people compare it."""
    return f"{key.name} ({sha256(key.public).hex()[:16]})"
