"""What this site demands of a submission and how it keeps time: the settings in the protocol's words."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from openmai.anonymity.encoding import Domain
from openmai.anonymity.keys import public_bytes
from openmai.anonymity.limits import JOIN_HOLDS_DAYS
from openmai.anonymity.log.checkpoints import log_origin
from openmai.anonymity.log.notes import COSIGNATURE, NoteKey, parse_key
from openmai.anonymity.log.view import LogTrust
from openmai.anonymity.seasons import open_seasons, season_at
from openmai.platform.config import TalkConfig
from openmai.talk.gate_files import GateFiles, gate_files

# docs/protocol.md §5: a join holds so long, then the client proves again.
JOIN_HOLDS: Final = timedelta(days=JOIN_HOLDS_DAYS)


@dataclass(frozen=True, slots=True)
class Witness:
    """Who cosigns the log, and where it is asked."""

    key: NoteKey
    url: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The talk site's settings as its actions need them. `roster_key` is public, `receipt_key` and `log_key`
    are not; a member has `slots` joins a day.
    """

    site: str
    people_origin: str
    talk_origin: str
    tick_seconds: int
    floor: int
    root_grace: timedelta
    roster_key: bytes
    receipt_key: Ed25519PrivateKey
    log_key: Ed25519PrivateKey
    log_dir: Path
    witnesses: tuple[Witness, ...]
    quorum: int
    static_dir: Path
    slots: int
    gate_dir: Path

    @classmethod
    def from_config(cls, config: TalkConfig) -> "Rules":
        return cls(
            site=config.site_id,
            people_origin=config.people_origin,
            talk_origin=config.talk_origin,
            tick_seconds=config.tick_seconds,
            floor=config.floor,
            root_grace=timedelta(seconds=config.root_grace_seconds),
            roster_key=config.roster_public_key,
            receipt_key=Ed25519PrivateKey.from_private_bytes(config.receipt_signing_key.get_secret_value()),
            log_key=Ed25519PrivateKey.from_private_bytes(config.log_signing_key.get_secret_value()),
            log_dir=config.log_dir,
            witnesses=tuple(
                Witness(parse_key(each.key, kind=COSIGNATURE), each.url) for each in config.witnesses
            ),
            quorum=config.witness_quorum,
            static_dir=config.static_dir,
            slots=config.rate_slots,
            gate_dir=config.gate_dir,
        )

    @property
    def log_origin(self) -> str:
        """The log's name, and the name of its key."""
        return log_origin(self.site)

    @property
    def log_trust(self) -> LogTrust:
        """Whom clients believe about the log. The witnesses are not demanded here: a post of the last minute
        has none yet.
        """
        key = NoteKey(self.log_origin, public_bytes(self.log_key))
        return LogTrust(key, tuple(each.key for each in self.witnesses))

    @property
    def tick(self) -> timedelta:
        return timedelta(seconds=self.tick_seconds)

    @property
    def gate(self) -> GateFiles:
        """The gate's keys; raises `GateMissing` where nobody has made them."""
        return gate_files(self.gate_dir)

    def domain(self, now: datetime) -> Domain:
        """This site in the season that `now` lies in."""
        return Domain(site=self.site, season=season_at(int(now.timestamp())).id)

    def seasons(self, now: datetime) -> tuple[str, ...]:
        """The seasons whose threads are open at `now`, the current one first."""
        return tuple(season.id for season in open_seasons(int(now.timestamp())))


def rules() -> Rules:
    """The rules of the running site."""
    loaded: Rules = settings.OPENMAI_RULES
    return loaded
