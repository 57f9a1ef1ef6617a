"""What this site demands of a submission and how it keeps time: the settings in the protocol's words."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from openmai.anonymity.encoding import Domain
from openmai.anonymity.seasons import open_seasons, season_at
from openmai.platform.config import TalkConfig

# docs/protocol.md §5: a join holds so long, then the client proves again.
JOIN_HOLDS: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Rules:
    """The talk site's settings as its actions need them. `roster_key` is public, `receipt_key` is not."""

    site: str
    people_origin: str
    talk_origin: str
    tick_seconds: int
    floor: int
    root_grace: timedelta
    roster_key: bytes
    receipt_key: Ed25519PrivateKey

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
        )

    @property
    def tick(self) -> timedelta:
        return timedelta(seconds=self.tick_seconds)

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
