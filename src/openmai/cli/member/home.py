"""The member's folder: private files, written whole or not at all, and forgotten after their season."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from openmai.anonymity.content import SITE_PATTERN
from openmai.anonymity.documents import DocumentRefused, load_json
from openmai.anonymity.encoding import canonical_json
from openmai.anonymity.seasons import SEASON_PATTERN, season_called
from openmai.cli.member.errors import IdentityTrouble
from openmai.cli.member.words import gettext as _
from openmai.cli.member.words import reason_of

_LIMIT: Final = 1_048_576


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Sites and seasons that are `gone` from this machine; those `held` are over by its clock alone."""

    gone: list[tuple[str, str]]
    held: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Home:
    """Everything of one member on this machine. Only its owner may read it."""

    folder: Path

    def season(self, site: str, season: str) -> Path:
        """The folder of one site and season: key, personas, outbox."""
        if not SITE_PATTERN.fullmatch(site) or not SEASON_PATTERN.fullmatch(season):
            raise ValueError("site and season become names of folders")
        return self.folder / "sites" / site / season

    def pins(self, site: str) -> Path:
        """Where the keys first seen of a site are kept."""
        if not SITE_PATTERN.fullmatch(site):
            raise ValueError("the site becomes the name of a folder")
        return self.folder / "sites" / site / "pins.json"

    def log(self, site: str) -> Path:
        """Where the log's key and the newest checkpoint seen are kept."""
        return self.pins(site).with_name("log.json")

    @property
    def talk_origin(self) -> Path:
        """Where the address of the talk site last used is kept."""
        return self.folder / "talk.json"

    def seasons(self) -> Iterator[tuple[str, str]]:
        """Site and season of each folder that may hold a key."""
        for folder in sorted(self.folder.glob("sites/*/s*")):
            named = SITE_PATTERN.fullmatch(folder.parent.name) and SEASON_PATTERN.fullmatch(folder.name)
            if folder.is_dir() and named:
                yield folder.parent.name, folder.name

    def forget_old(self, *, now: int) -> Forgotten:
        """Delete keys, personas and outboxes of seasons whose threads have closed.

        A secret that is gone cannot be demanded. But a clock that is set wrong must not cost a key that is
        needed still: it goes when the site's clock, as far as it is known, says so too.
        """
        over = [each for each in self.seasons() if season_called(each[1]).closes <= now]
        ahead = {site: max(0, self.ahead(site)) for site, _season in over}
        held = [each for each in over if season_called(each[1]).closes > now - ahead[each[0]]]
        gone = [each for each in over if each not in held]
        for site, season in gone:
            shutil.rmtree(self.season(site, season))
        return Forgotten(gone, held)

    def ahead(self, site: str) -> int:
        """By how many seconds this machine's clock was ahead of the site's when they met; 0 if unknown."""
        try:
            found = read_private(self._clock(site)).get("ahead")
        except FileNotFoundError:
            return 0
        return found if type(found) is int else 0

    def remember_ahead(self, site: str, seconds: int) -> None:
        write_private(self._clock(site), {"ahead": seconds})

    def _clock(self, site: str) -> Path:
        return self.pins(site).with_name("clock.json")


def default_home() -> Home:
    """`OPENMAI_HOME`, else the user's data folder after the XDG base directory specification."""
    if named := os.environ.get("OPENMAI_HOME"):
        return Home(Path(named))
    data = os.environ.get("XDG_DATA_HOME")
    return Home((Path(data) if data else Path.home() / ".local" / "share") / "openmai")


def default_cache() -> Path:
    """Where downloaded proving artifacts are kept; nothing secret."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "openmai"


def write_private(path: Path, document: object) -> None:
    """Write canonical JSON that only the owner can read; a reader sees the old file or the new one."""
    write_private_bytes(path, canonical_json(document))


def write_private_bytes(path: Path, data: bytes) -> None:
    """`write_private` for any bytes."""
    make_private_folder(path.parent)
    # mkstemp makes the file 0600 from the start.
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def read_private(path: Path) -> dict[str, Any]:
    """Read such a file; raise `IdentityTrouble` if it is no JSON object, or if others may read it."""
    try:
        document = load_json(read_private_bytes(path), limit=_LIMIT)
    except DocumentRefused as error:
        raise IdentityTrouble(
            _("%(path)s is damaged: %(error)s") % {"path": path, "error": reason_of(error)}
        ) from error
    if not isinstance(document, dict):
        raise IdentityTrouble(_("%(path)s is damaged.") % {"path": path})
    return document


def read_private_bytes(path: Path) -> bytes:
    """`read_private` for any bytes."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
        raise IdentityTrouble(_("%(path)s is not a file of your own; it is not used.") % {"path": path})
    if status.st_mode & 0o077:
        message = _("%(path)s can be read by others. Make it private (chmod 600) if you trust it still.")
        raise IdentityTrouble(message % {"path": path})
    return path.read_bytes()


def make_private_folder(folder: Path) -> None:
    """Make `folder` and those above it that are missing, closed to others."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file at once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        file.write(data)
    Path(file.name).replace(path)
