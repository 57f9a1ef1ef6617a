"""The invented members, when each of them is there, and what each of them will say: all from one seed."""

from dataclasses import dataclass, field, replace
from random import Random
from typing import Final, Literal

from openmai.anonymity.encoding import Domain
from openmai.anonymity.prover import new_secret
from openmai.anonymity.rosters import company_roster
from openmai.anonymity.seasons import season_at

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
# Ten days into season s228, on a midnight, so that 28 days lie within it.
BEGIN: Final = 1_773_792_000.0
SITE: Final = "subpoena.openmai.example"
# A visit lasts so long, and posts that are sent at once are sent while it lasts.
VISIT: Final = 900.0
POSTS_OF_A_BROWSER: Final = 5
# So many of those who have just come into a roster say hello, in this part of a day (of an epoch) after it.
EAGER: Final = 0.7
GREETING: Final = (0.05, 0.9)

Mode = Literal["at once", "later", "any time"]
# Sent during a visit; written during a visit and sent at a random time of the next day; written without
# any visit to the real-name site.
MODES: Final[dict[Mode, float]] = {"at once": 0.5, "later": 0.3, "any time": 0.2}
PATIENT: Final[dict[Mode, float]] = {"at once": 0.1, "later": 0.8, "any time": 0.1}


@dataclass(frozen=True)
class Size:
    """How large a simulation is. `rosters` are sizes; `joins` personas; `posts` all that is said; `provers`
    processes.
    """

    name: str
    rosters: tuple[int, ...]
    days: int
    joins: int
    posts: int
    newcomers: float
    browser_posts: int = 0
    permutations: int = 10_000
    floor: int = 5
    seed: str = "subpoena"
    modes: dict[Mode, float] = field(default_factory=lambda: MODES)
    provers: int = 2

    @property
    def members(self) -> int:
        return sum(self.rosters)


# Both its halves are made at once, so each has one process that proves.
REDUCED: Final = Size(
    "reduced", (24,), days=3, joins=50, posts=600, newcomers=0.0, permutations=2_000, provers=1
)
CONTROL: Final = Size("control", (40, 40), days=6, joins=220, posts=900, newcomers=0.1, seed="control")
# For what the root of a join tells: most is written in one epoch and sent in another.
CONTROL_OF_ROSTERS: Final = replace(CONTROL, newcomers=0.6, modes=PATIENT, seed="rosters")
FULL: Final = Size(
    "full",
    (50,) * 14 + (200,) + (10,) * 5 + (5,) * 10,
    days=28,
    joins=1_000,
    posts=5_200,
    newcomers=0.1,
    browser_posts=20,
)


@dataclass
class Member:
    """One person with one device. `visits` are the starts of visits to the real-name site."""

    number: int
    name: str
    company: str
    roster: str
    secret: int
    address: str
    agent: str
    joins_at: float
    visits: list[float]
    in_browser: bool = False

    @property
    def email(self) -> str:
        return f"m{self.number}@mail.example"

    @property
    def work_address(self) -> str:
        return f"m{self.number}@{self.company}.example"


@dataclass
class Planned:
    """One post before it is said: who, when it is written and sent, and where in which thread.

    `thread` is the number of the opening, None for an opening itself; `parent` the number of a post or None.
    """

    number: int
    author: int
    written: float
    sent: float
    mode: Mode
    thread: int | None
    parent: int | None
    joins: bool
    body: str
    nonce: bytes
    title: str = ""


@dataclass
class World:
    size: Size
    tick: float
    begin: float = BEGIN
    members: list[Member] = field(default_factory=list)
    posts: list[Planned] = field(default_factory=list)

    @property
    def end(self) -> float:
        return self.begin + (self.size.days + 1) * DAY

    @property
    def domain(self) -> Domain:
        return Domain(SITE, season_at(int(self.begin)).id)

    @property
    def companies(self) -> dict[str, list[Member]]:
        grouped: dict[str, list[Member]] = {}
        for member in self.members:
            grouped.setdefault(member.company, []).append(member)
        return grouped


def begin_for(size: Size, now: float) -> float:
    """A browser believes its own clock: then the last day is today, or as near to it as the season allows."""
    if not size.browser_posts:
        return BEGIN
    season = season_at(int(now))
    wished = now // DAY * DAY - (size.days - 1) * DAY
    return min(max(wished, season.starts + 4 * DAY), season.ends - (size.days + 2) * DAY)


def make_world(size: Size, *, tick: float = 6 * HOUR, begin: float = BEGIN) -> World:
    """Members first, then what they say in the order of time."""
    draw = Random(size.seed)
    world = World(size, tick, begin)
    for company, headcount in enumerate(size.rosters):
        for _ in range(headcount):
            world.members.append(_member(len(world.members), company, headcount, world, draw))
    # Their secrets are made by the browser and known to nobody else, so the plan leaves them out.
    settled = [each for each in world.members if each.joins_at < begin]
    for member in settled[: -(-size.browser_posts // POSTS_OF_A_BROWSER)]:
        member.in_browser = True
        last = begin + (size.days - 1) * DAY
        member.visits = [visit for visit in member.visits if visit < last] + [last + 13 * HOUR]
    _say(world, draw)
    return world


_SYSTEMS: Final = ("X11; Linux x86_64", "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 14_5")
_LETTERS: Final = "abcdefghij"


def _member(number: int, company: int, headcount: int, world: World, draw: Random) -> Member:
    size, begin = world.size, world.begin
    # In a small roster the others would be too few for its first epoch, and could not speak.
    late = draw.random() < size.newcomers and headcount > 2 * size.floor
    joins_at = begin + draw.uniform(0.5, size.days * 0.7) * DAY if late else begin - 3 * DAY
    visits = []
    for day in range(size.days):
        start = min(max(draw.gauss(13, 3), 0.0), 23.5) * HOUR
        if draw.random() < 0.75 and begin + day * DAY + start > joins_at:
            visits.append(begin + day * DAY + start)
    slug = f"company-{company}"
    letters = "".join(_LETTERS[int(digit)] for digit in str(number))
    agent = f"Mozilla/5.0 ({draw.choice(_SYSTEMS)}) Device/{number}.{draw.randrange(1000)}"
    return Member(
        number,
        f"Member {letters.capitalize()}",
        slug,
        company_roster(slug, "attested"),
        new_secret(draw.randrange),
        f"127.{1 + number // 250 % 250}.{number // 62_500}.{2 + number % 250}",
        agent,
        joins_at,
        visits,
    )


# ── What is said ──────────────


def _say(world: World, draw: Random) -> None:
    """Personas enter threads, most of them old ones, and most of them speak again there."""
    size = world.size
    extra = size.posts - size.joins
    settled = [member for member in world.members if member.joins_at < world.begin and len(member.visits) > 1]
    settled = [member for member in settled if not member.in_browser]
    entries = sorted(
        (_moment(draw.choice(settled), world, draw, since=world.begin) for _ in range(size.joins)),
        key=lambda each: each[2],
    )
    drafts: list[_Draft] = []
    openings: list[_Draft] = []
    personas: set[tuple[int, int]] = set()
    first: list[_Draft] = []
    for author, written, sent, mode in entries:
        draft = _Draft(author, written, sent, mode, None)
        old = [each for each in openings if _released(each.sent, world) <= written]
        fresh = [each for each in old if (author, id(each)) not in personas and each.author != author]
        if fresh and draw.random() > 0.15:
            draft.thread = draw.choice(fresh[-40:])
            personas.add((author, id(draft.thread)))
        else:
            openings.append(draft)
        drafts.append(draft)
        first.append(draft)
    _speak_again(world, draw, first, drafts, extra)
    _number(world, draw, drafts)


@dataclass
class _Draft:
    author: int
    written: float
    sent: float
    mode: Mode
    thread: "_Draft | None"
    joins: bool = True


def _released(sent: float, world: World) -> float:
    return (sent // world.tick + 1) * world.tick


def _moment(member: Member, world: World, draw: Random, *, since: float) -> tuple[int, float, float, Mode]:
    """When something is written and when it is sent."""
    mode = draw.choices(list(world.size.modes), list(world.size.modes.values()))[0]
    last = world.begin + world.size.days * DAY
    visits = [visit for visit in member.visits if visit >= since]
    if mode == "any time" or not visits:
        written = draw.uniform(since, max(last, since + HOUR))
        return member.number, written, written, "any time"
    written = draw.choice(visits) + draw.random() * VISIT
    sent = written + (draw.random() * DAY if mode == "later" else 0.0)
    return member.number, written, sent, mode


def _speak_again(world: World, draw: Random, first: list[_Draft], drafts: list[_Draft], wanted: int) -> None:
    """`wanted` further posts of personas that are known: shortly after, or during another visit."""
    last = world.begin + world.size.days * DAY
    while wanted > 0:
        entry = draw.choice(first)
        thread = entry.thread or entry
        # An opening can be answered only when it is out; a persona is known from when its join was sent.
        known = _released(entry.sent, world) if entry.thread is None else entry.sent + 1.0
        if entry.mode == "at once" and entry.thread is not None and draw.random() < 0.5:
            written = sent = known + draw.random() * VISIT / 2
            mode: Mode = "at once"
        else:
            _, written, sent, mode = _moment(world.members[entry.author], world, draw, since=known)
        # A join holds for seven days; nobody here comes back later than that.
        if written < known or sent > min(entry.sent + 6.5 * DAY, last + DAY / 2):
            continue
        drafts.append(_Draft(entry.author, written, sent, mode, thread, joins=False))
        wanted -= 1


def _number(world: World, draw: Random, drafts: list[_Draft]) -> None:
    """Give the drafts numbers in the order in which they are sent, and texts."""
    drafts.sort(key=lambda each: each.sent)
    numbers = {id(draft): number for number, draft in enumerate(drafts)}
    for number, draft in enumerate(drafts):
        thread = None if draft.thread is None else numbers[id(draft.thread)]
        # Some texts are so long and varied that PostgreSQL puts them into TOAST.
        length = draw.choice((40, 90, 300, 1200, 2600, 3800))
        body = "".join(draw.choice(_ALPHABET) for _ in range(length)).strip() or "Yes."
        world.posts.append(
            Planned(
                number,
                draft.author,
                draft.written,
                draft.sent,
                draft.mode,
                thread,
                None,
                draft.joins,
                " ".join(body.split()),
                draw.randbytes(16),
                title=f"Thread {number}" if thread is None else "",
            )
        )


_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 职言匿名雇员工资排班合同"
