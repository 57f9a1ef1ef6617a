"""Banning a persona, lifting a ban, and the tick at which either takes effect."""

from datetime import UTC, datetime
from typing import ClassVar, Final

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from openmai.anonymity.bans import REASONS, BanList
from openmai.anonymity.encoding import Domain, sha256
from openmai.anonymity.limits import MAX_BANS
from openmai.anonymity.seasons import season_called
from openmai.talk import models
from openmai.talk.errors import TalkError
from openmai.talk.queries.bans import CurrentBans, Spoken, bans_wanted, current_bans, open_bans, persona_of
from openmai.talk.rules import Rules

# Held while bans are counted and added, so that two operators do not fill the last place twice.
_LOCK: Final = 0x62616E73


class BanRefused(TalkError):
    """The operator asked for something that is not possible; the text says what."""

    code: ClassVar = "ban-refused"


def add_ban(*, post: bytes, reason: str, until: datetime, rules: Rules, now: datetime) -> datetime:
    """Ban the persona that wrote `post` from the next tick on, and return until when: the closing of its
    season's threads at the latest.

    A second ban of the same persona replaces reason and end of the first. Raises `BanRefused`.
    """
    persona = _persona(post, rules, now)
    if reason not in REASONS:
        raise BanRefused(_("The reason must be one of: %(codes)s.") % {"codes": ", ".join(REASONS)})
    ends = min(until, _closing(persona.season)).replace(microsecond=0)
    if ends <= now:
        raise BanRefused(_("The ban would be over before it begins."))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        key = _ban_id(persona)
        row = models.Ban.objects.select_for_update().filter(id=key).first()
        in_list = row is not None and row.ended_at is None and not row.lifted
        if not in_list and open_bans(persona.season) >= MAX_BANS:
            raise BanRefused(
                _("There are %(most)d bans already, as many as there may be.") % {"most": MAX_BANS}
            )
        fresh = {} if row is not None and row.ended_at is None else {"added_at": None, "ended_at": None}
        models.Ban.objects.update_or_create(
            id=key,
            defaults={
                "season": persona.season,
                "thread": persona.thread,
                "nullifier": persona.nullifier,
                "until": ends,
                "reason": reason,
                "lifted": False,
                **fresh,
            },
        )
    return ends


def lift_ban(*, post: bytes) -> None:
    """End the ban of the persona that wrote `post` with the next tick; or raise `BanRefused`."""
    spoken = persona_of(post)
    lifted = 0
    if spoken is not None:
        key = _ban_id(spoken)
        lifted = models.Ban.objects.filter(id=key, ended_at=None, lifted=False).update(lifted=True)
    if not lifted:
        raise BanRefused(_("The persona of this post is not banned."))


def turn_bans(*, domain: Domain, tick: datetime) -> CurrentBans:
    """Put the list in force that holds from `tick` on; call it inside the tick's transaction.

    What nobody added, lifted or outlived gives the same list, and the same serial.
    """
    over = Q(lifted=True) | Q(until__lte=tick)
    models.Ban.objects.filter(over, ended_at=None).update(ended_at=tick)
    before, wanted = current_bans(domain), bans_wanted(domain, at=tick)
    if wanted == before.bans.bans:
        return before
    models.Ban.objects.filter(season=domain.season, ended_at=None, added_at=None).update(added_at=tick)
    known = {(ban.thread, ban.nullifier) for ban in before.bans.bans}
    added = any((ban.thread, ban.nullifier) not in known for ban in wanted)
    bans = BanList(domain.site, domain.season, before.bans.serial + 1, wanted)
    turned = CurrentBans(bans, bans.encoded(), bans.digest, tick if added else before.added_at)
    models.BanList.objects.update_or_create(
        season=domain.season,
        defaults={
            "serial": bans.serial,
            "document": turned.document,
            "changed_at": tick,
            "added_at": turned.added_at,
        },
    )
    return turned


def _persona(post: bytes, rules: Rules, now: datetime) -> Spoken:
    spoken = persona_of(post)
    if spoken is None:
        raise BanRefused(_("No published post has this id."))
    if spoken.season not in rules.seasons(now):
        raise BanRefused(_("The threads of the post's season are closed; its persona cannot speak any more."))
    return spoken


def _ban_id(spoken: Spoken) -> bytes:
    """The key of the ban's row."""
    return sha256(spoken.thread + spoken.nullifier)


def _closing(season: str) -> datetime:
    return datetime.fromtimestamp(season_called(season).closes, UTC)
