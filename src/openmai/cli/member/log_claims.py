"""What others in a thread say to have seen of the log, where this machine cannot compare it, or differs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from openmai.anonymity.encoding import sha256
from openmai.anonymity.log.checkpoints import SignedCheckpoint
from openmai.anonymity.log.merkle import LogRefused, TreeHead, parse_head
from openmai.cli.member.errors import IdentityTrouble
from openmai.cli.member.home import Home, read_private, write_private, write_private_bytes
from openmai.cli.member.words import gettext as _

DAY: Final = 86_400
# So many claims that are ahead of the log are remembered.
_MOST: Final = 64


def note_ahead(home: Home, site: str, ahead: Sequence[TreeHead], *, shown: int, day: int) -> TreeHead | None:
    """Remember on which day each of these was first ahead of the log, which has `shown` entries now.

    One that was so more than a day ago already is returned.
    """
    path = home.log(site).with_name("log-ahead.json")
    noted = {claim: at for claim, at in _noted(path).items() if parse_head(claim).size > shown}
    before = dict(noted)
    for each in ahead:
        if len(noted) < _MOST:
            noted.setdefault(each.text, day)
    if ahead or path.exists():
        write_private(path, {"claims": noted})
    return next((each for each in ahead if day - before.get(each.text, day) > 1), None)


def _noted(path: Path) -> dict[str, int]:
    try:
        claims: Any = read_private(path).get("claims")
        if not all(type(at) is int and parse_head(claim) for claim, at in claims.items()):
            raise ValueError("claims")
    except FileNotFoundError:
        return {}
    except (AttributeError, TypeError, ValueError, LogRefused) as error:
        raise IdentityTrouble(_("%(path)s is damaged.") % {"path": path}) from error
    found: dict[str, int] = claims
    return found


def keep_claim(home: Home, site: str, kept: SignedCheckpoint, *, thread: bytes, claimed: TreeHead) -> Path:
    """The signed checkpoint of this machine, the thread, and what somebody in it has seen; nothing else."""
    data = kept.data + f"\nthread {thread.hex()}\n{claimed.text}\n".encode()
    path = home.log(site).parent / "evidence" / f"{sha256(data).hex()[:16]}.txt"
    write_private_bytes(path, data)
    return path
