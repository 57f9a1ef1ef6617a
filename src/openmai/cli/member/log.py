"""The site's log as this machine follows it: what it saw last it keeps, and what contradicts that it refuses.

Both heads of a contradiction are signed by the log itself; they are kept side by side, as evidence.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from openmai.anonymity.log.entries import roster_entry
from openmai.anonymity.log.merkle import LogRefused, RolledBack, TreeHead, parse_head
from openmai.anonymity.log.notes import MAX_NOTE
from openmai.anonymity.log.tiles import Tile, first_entries
from openmai.anonymity.log.view import (
    Equivocation,
    ForkedThread,
    LogBehind,
    LogTrust,
    LogView,
    check_epoch,
    open_view,
)
from openmai.anonymity.rosters import SignedStatement
from openmai.cli.member.errors import Refused, Unreachable
from openmai.cli.member.home import Home
from openmai.cli.member.log_claims import DAY, keep_claim, note_ahead
from openmai.cli.member.log_pins import LogPins, keep_evidence, pin_log, write_log_pins
from openmai.cli.member.web import Web
from openmai.cli.member.words import gettext as _
from openmai.cli.member.words import reason_of

_PLACES_LIMIT: Final = 16_777_216


@dataclass(frozen=True, slots=True)
class SiteLog:
    """The log of one site, over HTTP."""

    web: Web
    site: str
    home: Home
    offered: LogTrust
    # Named if it is over and its threads are open still.
    past_season: str | None = None

    def view(self) -> LogView:
        """The newest checkpoint, compared with the one seen last and kept in its place; raise `Refused`."""
        pins = pin_log(self.home, self.site, self.offered)
        data = self.web.get("/log/checkpoint", limit=MAX_NOTE)
        try:
            view = open_view(data, trust=pins.trust, read=self.read, seen=pins.seen)
        except Equivocation as error:
            raise self._contradiction(error) from error
        except LogRefused as error:
            raise refused(error) from error
        write_log_pins(self.home, self.site, LogPins(pins.trust, view.checkpoint))
        return view

    def read(self, tile: Tile) -> bytes:
        """A tile; one that has been filled meanwhile is cut."""
        try:
            return self.web.get(f"/log/{tile.path}", limit=tile.largest)
        except Refused as error:
            if error.code != "not-found" or not tile.is_partial:
                raise
        whole = Tile(tile.level, tile.index)
        data = self.web.get(f"/log/{whole.path}", limit=whole.largest)
        return first_entries(data, tile.width) if tile.level is None else data[: tile.largest]

    def check_roster(self, view: LogView, signed: SignedStatement) -> str:
        """The checkpoint that a join under this epoch carries; raise `Refused` unless the epoch is logged."""
        index, head = self._place(signed)
        told(lambda: check_epoch(view, roster_entry(signed), index=index, epoch_head=head))
        return head.text

    def check_thread(self, view: LogView, thread: bytes, *, joined: TreeHead, now: int) -> None:
        """Everybody who entered the thread must have seen this very log; raise `Refused`.

        `joined` is what the one who is answered saw, `now` is Unix seconds. Whoever saw more of the log than
        is shown cannot be compared yet; whoever still does after more than a day was shown another one.
        """
        ahead = self._compare(view, thread, [joined, *self._carried_in(thread)])
        if not ahead:
            return
        # Not before all others were compared, and the newest head was asked for once more.
        view = self.view()
        ahead = self._compare(view, thread, ahead)
        late = note_ahead(self.home, self.site, ahead, shown=view.head.size, day=now // DAY)
        if late is not None:
            raise self._differs(view, thread, late)
        for each in ahead:
            told(partial(view.check_carried, each))

    def _carried_in(self, thread: bytes) -> list[TreeHead]:
        answer = self.web.get_json(f"/api/v1/threads/{thread.hex()}", limit=_PLACES_LIMIT)
        carried = answer.get("checkpoints")
        if type(carried) is not list or not all(type(each) is str for each in carried):
            raise Unreachable(_("%(origin)s is no talk site of Openmai.") % {"origin": self.web.origin})
        try:
            return [parse_head(each) for each in carried]
        except LogRefused as error:
            raise refused(error) from error

    def _compare(self, view: LogView, thread: bytes, heads: Sequence[TreeHead]) -> list[TreeHead]:
        """Those that cannot be compared yet."""
        for each in heads:
            try:
                view.check_carried(each)
            except LogBehind:
                continue
            except ForkedThread as error:
                raise self._differs(view, thread, each) from error
            except LogRefused as error:
                raise refused(error) from error
        return [each for each in heads if each.size > view.head.size]

    def _differs(self, view: LogView, thread: bytes, claimed: TreeHead) -> Refused:
        path = keep_claim(self.home, self.site, view.checkpoint, thread=thread, claimed=claimed)
        message = _(
            "Somebody in this thread was shown another log than this machine. Nothing was sent. What both "
            "say is kept in %(path)s; show it to others."
        )
        return Refused(message % {"path": path}, code="thread-log-differs")

    def _place(self, signed: SignedStatement) -> tuple[int, TreeHead]:
        """Where the site says that the epoch is logged."""
        season = f"?season={self.past_season}" if self.past_season else ""
        listed = self.web.get_json(f"/api/v1/rosters{season}", limit=_PLACES_LIMIT).get("rosters")
        try:
            (found,) = [each["log"] for each in listed or [] if each["statement"] == signed.name.hex()]
            index, size = found["index"], found["size"]
            if type(index) is not int or type(size) is not int or index < 0:
                raise ValueError("log")
            return index, parse_head(f"{size} {found['root']}")
        except (KeyError, TypeError, ValueError, LogRefused) as error:
            message = _("The site does not say where the current epoch of %(roster)s is logged. Try again.")
            raise Refused(message % {"roster": signed.statement.roster}, code="not-logged") from error

    def _contradiction(self, error: Equivocation) -> Refused:
        path = keep_evidence(self.home, self.site, error)
        if isinstance(error.cause, RolledBack):
            return rolled_back(error, path)
        message = _(
            "The log of this site contradicts itself: %(reason)s. Nothing was sent. Both of its signed "
            "states are kept in %(path)s; show them to others, for together they prove it."
        )
        return Refused(message % {"reason": reason_of(error), "path": path}, code="log-forked")


def told(check: Callable[[], object]) -> None:
    """Run `check`; its refusal in the member's words."""
    try:
        check()
    except LogRefused as error:
        raise refused(error) from error


def rolled_back(error: Equivocation, path: Path) -> Refused:
    """A shorter log than was seen: a cache can show one for a while, so nobody is accused yet."""
    message = _(
        "The site shows an older state of its log than this machine has seen: %(reason)s. Nothing was sent. "
        "A cache may have kept it: try again in a minute. If it goes on, show others what is kept in "
        "%(path)s: both states are signed, and a log may only grow."
    )
    return Refused(message % {"reason": reason_of(error), "path": path}, code="log-older")


def refused(error: LogRefused) -> Refused:
    code = "log-behind" if isinstance(error, LogBehind) else "log-refused"
    return Refused(_("The log is refused: %(error)s.") % {"error": reason_of(error)}, code=code)
