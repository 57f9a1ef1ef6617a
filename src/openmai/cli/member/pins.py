"""What this machine has learnt of a site and insists on from then on."""

from dataclasses import dataclass, replace
from pathlib import Path

from openmai.anonymity.encoding import Domain
from openmai.anonymity.errors import NotCanonical
from openmai.anonymity.fields import parse_hex
from openmai.cli.member.errors import Refused
from openmai.cli.member.home import Home, read_private, write_private
from openmai.cli.member.words import gettext as _


@dataclass(frozen=True, slots=True)
class Pins:
    """The roster key first seen (32 bytes), and the newest index: an older one could hide a removal.

    `index` is the SHA-256 of the index of that serial, so that a second one of the same serial is noticed.
    `gate` names the gate's keys first seen.
    """

    roster_key: bytes
    serial: int
    index: bytes | None = None
    gate: bytes | None = None


def read_pins(home: Home, site: str) -> Pins | None:
    """The pins of a site, or None for a site that was never used here; raise `Refused` if damaged."""
    return _read(home.pins(site))


def read_season_pins(home: Home, domain: Domain) -> Pins | None:
    """What was last seen of a season's indexes; forgotten with the season."""
    return _read(_season_path(home, domain))


def write_season_pins(home: Home, domain: Domain, pins: Pins) -> None:
    _write(_season_path(home, domain), pins)


def _season_path(home: Home, domain: Domain) -> Path:
    return home.season(domain.site, domain.season) / "index.json"


def _read(path: Path) -> Pins | None:
    try:
        document = read_private(path)
        return Pins(
            roster_key=parse_hex(document.get("roster_key"), size=32),
            serial=_serial(document.get("serial")),
            index=_digest(document.get("index")),
            gate=_digest(document.get("gate")),
        )
    except FileNotFoundError:
        return None
    except (NotCanonical, ValueError) as error:
        raise Refused(_("%(path)s is damaged.") % {"path": path}) from error


def write_pins(home: Home, site: str, pins: Pins) -> None:
    _write(home.pins(site), pins)


def _write(path: Path, pins: Pins) -> None:
    document = {"roster_key": pins.roster_key.hex(), "serial": pins.serial}
    known = {"index": pins.index, "gate": pins.gate}
    write_private(
        path, document | {name: digest.hex() for name, digest in known.items() if digest is not None}
    )


def pin_roster_key(home: Home, site: str, offered: bytes, *, expected: bytes | None = None) -> Pins:
    """Pin the roster key that the site offers on first use; later raise `Refused` when it offers another.

    `expected` is a key that the member knows from elsewhere.
    """
    pins = read_pins(home, site)
    wanted = expected if expected is not None else pins.roster_key if pins else offered
    if offered != wanted:
        message = _("The site names another roster key (%(found)s) than the one you trust (%(wanted)s).")
        raise Refused(message % {"found": offered.hex(), "wanted": wanted.hex()})
    if pins is None or pins.roster_key != wanted:
        pins = Pins(wanted, 0)
        write_pins(home, site, pins)
    return pins


def pin_gate(home: Home, site: str, offered: bytes) -> None:
    """Pin the gate's keys on first use; later raise `Refused` when the site offers others."""
    pins = read_pins(home, site)
    if pins is None or pins.gate == offered:
        return
    if pins.gate is not None:
        message = _(
            "The site has another key for its gate than the one that this machine knows. If the operator has "
            "announced a new one: openmai identity trust %(key)s"
        )
        raise Refused(message % {"key": pins.roster_key.hex()}, code="gate-changed")
    write_pins(home, site, replace(pins, gate=offered))


def pin_bans(home: Home, domain: Domain, *, serial: int, digest: bytes) -> None:
    """Keep the name of the season's newest ban list; raise `Refused` for an older one, or for another of the
    same serial.
    """
    path = home.season(domain.site, domain.season) / "bans.json"
    seen, name = _seen_bans(path)
    if serial < seen:
        message = _("The site shows an older ban list (%(found)d) than one seen before (%(seen)d).")
        raise Refused(message % {"found": serial, "seen": seen}, code="bans-rolled-back")
    if serial == seen and name not in (None, digest):
        # Two lists for two members: the join says which one its writer was shown.
        message = _("The site shows two different ban lists with the serial %(serial)d.")
        raise Refused(message % {"serial": serial}, code="bans-forked")
    write_private(path, {"serial": serial, "sha256": digest.hex()})


def _seen_bans(path: Path) -> tuple[int, bytes | None]:
    try:
        document = read_private(path)
        return _serial(document.get("serial")), parse_hex(document.get("sha256"), size=32)
    except FileNotFoundError:
        return 0, None
    except (NotCanonical, ValueError) as error:
        raise Refused(_("%(path)s is damaged.") % {"path": path}) from error


def _digest(value: object) -> bytes | None:
    return None if value is None else parse_hex(value, size=32)


def _serial(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("a serial was expected")
    return value
