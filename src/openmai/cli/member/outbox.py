"""The outbox: what this machine has said and not yet seen published. It goes on disk before it is sent."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from openmai.anonymity.documents import DocumentRefused, Fields
from openmai.anonymity.encoding import Domain, canonical_json
from openmai.anonymity.submission import Submission, parse_submission
from openmai.cli.member.errors import IdentityTrouble, Usage
from openmai.cli.member.home import Home, read_private, write_private
from openmai.cli.member.words import gettext as _
from openmai.cli.member.words import reason_of

_TYPE: Final = "openmai/outbox/v1"
_ENTRY_FIELDS: Final = ("type", "talk_origin", "roster", "not_before", "due", "refused", "submission")
_PERSONA_FIELDS: Final = ("type", "roster", "joined")


@dataclass(frozen=True, slots=True)
class Entry:
    """One submission. `not_before` is Unix seconds; `due` (see receipt) and `refused` (a code) or empty."""

    submission: Submission
    talk_origin: str
    roster: str
    not_before: int = 0
    due: str = ""
    refused: str = ""

    @property
    def action(self) -> bytes:
        return self.submission.id

    @property
    def body(self) -> bytes:
        """What is sent; the same bytes each time."""
        return canonical_json(self.submission.document())


@dataclass(frozen=True, slots=True)
class Persona:
    """How this member entered a thread: the roster, and when the last proof was made (Unix seconds)."""

    roster: str
    joined: int


@dataclass(frozen=True, slots=True)
class Outbox:
    """The outbox of one site and season."""

    home: Home
    domain: Domain

    @property
    def _folder(self) -> Path:
        return self.home.season(self.domain.site, self.domain.season)

    def _path(self, action: bytes) -> Path:
        return self._folder / "outbox" / f"{action.hex()}.json"

    def put(self, entry: Entry) -> None:
        """Keep an entry, or its new state."""
        document = {
            "type": _TYPE,
            "talk_origin": entry.talk_origin,
            "roster": entry.roster,
            "not_before": entry.not_before,
            "due": entry.due,
            "refused": entry.refused,
            "submission": entry.submission.document(),
        }
        write_private(self._path(entry.action), document)

    def remove(self, action: bytes) -> None:
        self._path(action).unlink(missing_ok=True)

    def entries(self) -> Iterator[Entry]:
        """All entries, by id."""
        for path in sorted((self._folder / "outbox").glob("*.json")):
            yield self._read(path)

    def has(self, beginning: str) -> bool:
        """Whether any entry's id begins so."""
        return any(each.action.hex().startswith(beginning.lower()) for each in self.entries())

    def find(self, beginning: str) -> Entry:
        """The one entry whose id begins so; raise `Usage` if there is none or more than one."""
        found = [entry for entry in self.entries() if entry.action.hex().startswith(beginning.lower())]
        if len(found) != 1:
            message = _("%(count)d posts of the outbox begin with %(beginning)s.")
            raise Usage(message % {"count": len(found), "beginning": beginning})
        return found[0]

    def _read(self, path: Path) -> Entry:
        try:
            fields = Fields(read_private(path), _ENTRY_FIELDS)
            fields.literal("type", _TYPE)
            submission = parse_submission(canonical_json(fields.raw("submission")), domain=self.domain)
            return Entry(
                submission=submission,
                talk_origin=fields.text("talk_origin", most=300),
                roster=fields.text("roster", most=100),
                not_before=fields.integer("not_before"),
                due=fields.text("due", most=40),
                refused=fields.text("refused", most=40),
            )
        except DocumentRefused as error:
            raise IdentityTrouble(
                _("%(path)s is damaged: %(error)s") % {"path": path, "error": reason_of(error)}
            ) from error

    def remember(self, thread: bytes, persona: Persona) -> None:
        """Keep how the member entered a thread: whoever has this file knows where they spoke."""
        write_private(self._persona_path(thread), {"type": "openmai/persona/v1", **asdict(persona)})

    def persona(self, thread: bytes) -> Persona | None:
        """How the member entered this thread from this machine, or None."""
        try:
            fields = Fields(read_private(self._persona_path(thread)), _PERSONA_FIELDS)
            return Persona(fields.text("roster", most=100), fields.integer("joined"))
        except FileNotFoundError:
            return None
        except DocumentRefused as error:
            path: Any = self._persona_path(thread)
            raise IdentityTrouble(
                _("%(path)s is damaged: %(error)s") % {"path": path, "error": reason_of(error)}
            ) from error

    def label_in(self, thread: bytes) -> str | None:
        """The roster that the member speaks from in this thread, also if the first word there still waits."""
        if (persona := self.persona(thread)) is not None:
            return persona.roster
        waiting = [each for each in self.entries() if not each.refused]
        return next((each.roster for each in waiting if each.submission.thread_id == thread), None)

    def _persona_path(self, thread: bytes) -> Path:
        return self._folder / "personas" / f"{thread.hex()}.json"
