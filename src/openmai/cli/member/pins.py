"""What this machine has learnt of a site and insists on from then on."""

from dataclasses import dataclass
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
    """

    roster_key: bytes
    serial: int
    index: bytes | None = None


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
        key, index = parse_hex(document.get("roster_key"), size=32), document.get("index")
        digest = None if index is None else parse_hex(index, size=32)
        return Pins(key, _serial(document.get("serial")), digest)
    except FileNotFoundError:
        return None
    except (NotCanonical, ValueError) as error:
        raise Refused(_("%(path)s is damaged.") % {"path": path}) from error


def write_pins(home: Home, site: str, pins: Pins) -> None:
    _write(home.pins(site), pins)


def _write(path: Path, pins: Pins) -> None:
    document = {"roster_key": pins.roster_key.hex(), "serial": pins.serial}
    index = {} if pins.index is None else {"index": pins.index.hex()}
    write_private(path, document | index)


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


def _serial(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("a serial was expected")
    return value
