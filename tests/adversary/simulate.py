"""Members join, come by, write; the clock runs from one thing that happens to the next.

What the simulation knows of who wrote what goes to `truth.json`, outside the folder that is seized.
"""

import heapq
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, product
from pathlib import Path
from random import Random
from typing import Any, Final

from playwright.sync_api import Browser
from tests.adversary.browsers import BrowserMember, chromium
from tests.adversary.crawl import Crawler
from tests.adversary.crowds import Crowd, fetch_crowd
from tests.adversary.devices import Device
from tests.adversary.invented import invent
from tests.adversary.mailbox import Mailbox
from tests.adversary.proofs import Proofs
from tests.adversary.site import NAMES, Site, wait_until
from tests.adversary.world import DAY, EAGER, GREETING, HOUR, POSTS_OF_A_BROWSER, VISIT, Planned, World
from tests.browser.journey import Addresses
from tests.factories.cast import ROOT, SLOTS

from openmai.anonymity.content import Content, Opening, Reply
from openmai.anonymity.gate import free_slots
from openmai.anonymity.keys import public_bytes, thread_key
from openmai.anonymity.rosters import open_index
from openmai.anonymity.submission import Entrance, Join, build_submission, join_scope_and_message
from openmai.demo.seed.proving import Request, Slot

# Hours of the day. A site makes one a day; a leaking one so many that one falls into every busy tick.
BACKUPS: Final = (15,)
MANY_BACKUPS: Final = (9, 11, 13, 15, 17)
SESSION_DAYS: Final = 14
Say = Callable[[str], None]


@dataclass
class Simulation:
    """One run over one world; `run` returns when all has been said and the last tick was written."""

    world: World
    site: Site
    outside: Path
    say: Say
    leaks: frozenset[str] = frozenset()
    _devices: list[Device] = field(default_factory=list)
    _browsers: list[BrowserMember] = field(default_factory=list)
    _crowds: dict[str, Crowd] = field(default_factory=dict)
    _index: bytes = b""
    _published: bytes = b""
    _slots: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    _queue: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)
    _ready: dict[int, bytes] = field(default_factory=dict)
    _contents: dict[int, Content] = field(default_factory=dict)
    _waiting: str = ""
    _times: list[tuple[float, float]] = field(default_factory=list)
    truth: dict[str, dict[str, float]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def run(self) -> None:
        with ExitStack() as stack:
            self._proofs = Proofs(ROOT / "build" / "static", stack, processes=self.world.size.provers)
            self._mailbox = Mailbox(self.site.ports.smtp)
            self._mailbox.start()
            stack.callback(self._mailbox.stop)
            self._devices = [
                Device(each, self.site.ports.people, self.site.ports.talk) for each in self.world.members
            ]
            for device in self._devices:
                stack.callback(device.hang_up)
            self._crawler = Crawler(self._devices[0])
            if self.world.size.browser_posts:
                self._open_browsers(stack.enter_context(chromium()))
            self._settle_in()
            self._plan()
            self._live()
            self._finish()

    # ── Time ──────────────

    def _go_to(self, moment: float) -> None:
        self.site.clock.set(moment)
        self._times.append((time.time(), moment))

    def _at(self, moment: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (moment, next(self._order), act))

    # ── Before the first day ──────────────

    def _settle_in(self) -> None:
        """The members of the first hour register, and two epochs make them settled."""
        began = time.monotonic()
        self.site.register_companies(self.world)
        self._go_to(self.world.begin - 3 * DAY + HOUR)
        early = [each for each in self._devices if each.member.joins_at < self.world.begin]
        for each in self._browsers:
            each.register()
            each.verify_employment()
            each.enrol()
        early = [each for each in early if not each.member.in_browser]
        with ThreadPoolExecutor(6) as pool:
            for _ in pool.map(lambda device: device.register(self._mailbox, self._proofs), early):
                pass
        # The index of a site without rosters, which the worker signs when it starts.
        wait_until(lambda: self._crawler.people_index() != b"", seconds=60, what="the first index")
        self._published = self._crawler.people_index()
        for midnight in (self.world.begin - 2 * DAY, self.world.begin - DAY):
            self._go_to(midnight + 1)
            self._take_over(expected=True)
        self._go_to(self.world.begin + 1)
        wait_until(self._read_rosters, seconds=60, what="the rosters on the talk site")
        self.facts["registered"] = len(early)
        self.say(f"{len(early)} members registered and enrolled in {time.monotonic() - began:.0f} s")

    def _take_over(self, *, expected: bool) -> None:
        """Wait until the people site has published, and the talk site's worker has taken it over."""
        people = self._crawler.people_index
        if expected:
            wait_until(lambda: people() not in (b"", self._published), seconds=60, what="a new roster epoch")
        else:
            time.sleep(0.4)
        wait_until(lambda: self._taken() == people(), seconds=60, what="rosters to be taken over")
        self._published = people()

    def _taken(self) -> bytes:
        """What the talk site holds; its pages show it from the next tick on."""
        with self.site.sql("talk") as connection:
            row = connection.execute("SELECT envelope FROM talk_rosterindex").fetchone()
        return b"" if row is None else bytes(row[0])

    def _read_rosters(self) -> bool:
        """The devices read what the talk site serves, again if an epoch came between two answers."""
        for _attempt in range(10):
            with suppress(StopIteration):
                return self._read_once()
            time.sleep(0.2)
        raise AssertionError("the talk site names an epoch that it does not list")

    def _read_once(self) -> bool:
        envelope = self._crawler.talk_index()
        if not envelope or envelope == self._index:
            return bool(self._index)
        index = open_index(envelope, key=None, domain=self.world.domain)
        for entry in index.rosters:
            held = self._crowds.get(entry.roster)
            if held is None or held.epoch != entry.epoch:
                self._crowds[entry.roster] = fetch_crowd(self._crawler, entry.statement, self.world.domain)
        self._index = envelope
        return True

    # ── What will happen ──────────────

    def _plan(self) -> None:
        world = self.world
        for device in self._devices:
            device.forgets = "sessions" in self.leaks
            for visit in device.member.visits:
                self._at(visit, device.visit)
            if device.member.joins_at >= world.begin:
                self._at(device.member.joins_at, lambda device=device: self._join(device))  # type: ignore[misc]
        self._spread_log_ins()
        for post in world.posts:
            self._schedule(post)
        for browser in self._browsers:
            self._plan_browser(browser)
        self._plan_backups()

    def _plan_backups(self) -> None:
        hours = MANY_BACKUPS if "at-once" in self.leaks else BACKUPS
        for number, (day, hour) in enumerate(product(range(self.world.size.days), hours)):
            moment = self.world.begin + day * DAY + hour * HOUR
            self._at(moment, lambda number=number: self._back_up(number))  # type: ignore[misc]
        self.facts["backups"] = self.world.size.days * len(hours)

    def _spread_log_ins(self) -> None:
        """All registered in one hour: untouched, their sessions would end together."""
        draw = Random(f"{self.world.size.seed} sessions")
        for device in self._devices:
            moment = self.world.begin + draw.random() * SESSION_DAYS * DAY
            if moment < self.world.begin + self.world.size.days * DAY:
                self._at(moment, device.cookies.clear)

    def _open_browsers(self, browser: Browser) -> None:
        ports = self.site.ports
        at = Addresses(f"http://localhost:{ports.people}", f"http://127.0.0.1:{ports.talk}", "")
        members = [each for each in self.world.members if each.in_browser]
        self._browsers = [BrowserMember(browser, at, each, self._mailbox) for each in members]

    def _plan_browser(self, browser: BrowserMember) -> None:
        """All in one thread, one after the other, during the last visit."""
        moment = browser.member.visits[-1]
        for number in range(POSTS_OF_A_BROWSER):
            sent = moment + (number + 0.5) * VISIT / POSTS_OF_A_BROWSER
            self._at(sent, lambda sent=sent, number=number: self._browse(browser, sent, number))  # type: ignore[misc]

    def _browse(self, browser: BrowserMember, sent: float, number: int) -> None:
        if not number:
            browser.thread = f"{browser.at.talk}/t/{self._crawler.newest()}/"
        body = f"Said in a browser, {browser.member.number} {number}"
        company = browser.member.company.title() if not number else None
        action = browser.reply(browser.thread, body, company=company)
        self._waiting = action
        self.truth[action] = {"author": browser.member.number, "written": sent, "sent": sent}
        self.facts["browser posts"] = self.facts.get("browser posts", 0) + 1

    def _schedule(self, post: Planned) -> None:
        self._contents[post.number] = self._content(post)
        self._at(post.sent, lambda: self._send(post))

    def _content(self, post: Planned) -> Content:
        domain = self.world.domain
        if post.thread is None:
            return Opening(domain.site, domain.season, "work", post.title, post.body, post.nonce)
        thread = self._contents[post.thread].id
        return Reply(domain.site, domain.season, thread, None, post.body, post.nonce)

    def _join(self, device: Device) -> None:
        device.register(self._mailbox, self._proofs)
        self.facts["joined later"] = self.facts.get("joined later", 0) + 1

    def _back_up(self, number: int) -> None:
        for site in NAMES if not self.leaks else NAMES[1:]:
            self.site.base_backup(site, self.site.folder.root / "backups" / f"{site}-{number:02}")

    # ── Day after day ──────────────

    def _live(self) -> None:
        """From one window to the next; a window ends with a tick, and at midnight with an epoch as well."""
        world, began = self.world, time.monotonic()
        step = min(world.tick, self._epoch_seconds)
        start = world.begin + 1
        while start < world.end or self._queue:
            stop = (start // step + 1) * step
            self._prove(start - 1, stop)
            while self._queue and self._queue[0][0] < stop:
                moment, _, act = heapq.heappop(self._queue)
                self._go_to(max(moment, start))
                act()
            self._turn(stop)
            start = stop + 1
        self.facts["seconds of simulation"] = round(time.monotonic() - began)

    @property
    def _epoch_seconds(self) -> float:
        return float(self.site.pace["OPENMAI_EPOCH_SECONDS"])

    def _turn(self, moment: float) -> None:
        self._go_to(moment + 1)
        if moment % self.world.tick == 0:
            # Also if nothing waits: a ticker that is still at work when the clock jumps on leaves a tick out.
            written = self._crawler.tick_is_written
            wait_until(written, seconds=60, what="the tick", else_say=self._log_of_talk)
            if self._waiting:
                wait_until(self._is_out, seconds=60, what="the post", else_say=self._of_the_post)
                self._waiting = ""
            self.site.end_log_segment("people")
            self._crawler.look()
            self._read_rosters()
            self._welcome(moment)
            self.site.check()
        if moment % self._epoch_seconds == 0:
            if "hourly-roots" in self.leaks:
                self._invent(moment)
            self._take_over(expected=False)

    def _invent(self, moment: float) -> None:
        """The operator's own additions: one member for each company, straight into the database."""
        draw, domain = Random(f"{self.world.size.seed} {moment}"), self.world.domain
        with self.site.sql("people") as connection:
            for slug in self.world.companies:
                invent(connection, slug, domain=domain, prover=self._proofs.enrolling, draw=draw)
        time.sleep(0.3)

    def _of_the_post(self) -> str:
        """What became of the post that is waited for."""
        state = self._crawler.state(self._waiting)
        return f"{self._waiting} of {self.truth[self._waiting]} is {state}; {self._log_of_talk()}"

    def _log_of_talk(self) -> str:
        """What the talk site said last."""
        return f"talk.log ends: {self.site.folder.log('talk').read_text()[-4000:]}"

    def _is_out(self) -> bool:
        return self._crawler.state(self._waiting) == "published"

    def _welcome(self, moment: float) -> None:
        """Members who have just come into a roster are eager: most say something within a day."""
        for device in self._devices:
            member = device.member
            crowd = self._crowds.get(member.roster)
            if member.joins_at < self.world.begin or crowd is None or member.number in self._welcomed:
                continue
            if self._proofs.commitment(member.secret) in crowd.leaves:
                self._welcomed.add(member.number)
                self._greet(member.number, moment)

    @property
    def _welcomed(self) -> set[int]:
        known: set[int] = self.facts.setdefault("welcomed", set())
        return known

    def _greet(self, author: int, moment: float) -> None:
        draw = Random(f"{self.world.size.seed} {author}")
        if draw.random() > EAGER:
            return
        at = moment + draw.uniform(*GREETING) * self._epoch_seconds
        post = Planned(
            len(self.world.posts), author, at, at, "at once", None, None, True,
            f"Hello, I am new here. {author}", draw.randbytes(16), title="New here",
        )  # fmt: skip
        self.world.posts.append(post)
        self._schedule(post)

    # ── Speaking ──────────────

    def _prove(self, start: float, stop: float) -> None:
        """Whatever is written in this window and needs a proof, proved in several processes at once."""
        due = [post for post in self.world.posts if post.joins and start <= post.written < stop]
        due = [post for post in due if post.number not in self._ready]
        requests = [self._request(post) for post in due]
        for post, (proof, gate) in zip(due, self._proofs.entries(requests), strict=True):
            roster = self.world.members[post.author].roster
            join = Join(roster, proof, self._crowds[roster].checkpoint)
            self._ready[post.number] = self._body(post, Entrance(join, gate))

    def _request(self, post: Planned) -> Request:
        member, content = self.world.members[post.author], self._contents[post.number]
        crowd = self._crowds[member.roster]
        scope, message = join_scope_and_message(
            content=content,
            key=public_bytes(self._key(post)),
            roster=member.roster,
            root=crowd.tree.root,
            checkpoint=crowd.checkpoint,
        )
        place = crowd.leaves.index(self._proofs.commitment(member.secret))
        slot = self._slot(post)
        return Request(member.secret, crowd.tree.path(place), scope, message, content.domain, slot)

    def _slot(self, post: Planned) -> Slot:
        """A random one of the day on which the post is sent, as the device draws it."""
        day = datetime.fromtimestamp(post.sent, UTC).date().isoformat()
        used = self._slots.setdefault((post.author, day), [])
        draw = Random(f"{self.world.size.seed} {post.author} {day} {len(used)}")
        used.append(draw.choice(free_slots(SLOTS, used)))
        return Slot(day, used[-1], SLOTS)

    def _key(self, post: Planned) -> Any:
        content = self._contents[post.number]
        scope = content.domain.thread_scope(content.thread_id)
        return thread_key(self.world.members[post.author].secret, scope)

    def _body(self, post: Planned, entrance: Entrance | None) -> bytes:
        return build_submission(content=self._contents[post.number], key=self._key(post), entrance=entrance)

    def _send(self, post: Planned) -> None:
        body = self._ready.pop(post.number) if post.joins else self._body(post, None)
        content = self._contents[post.number]
        thread = None if post.thread is None else content.thread_id.hex()
        action = self._devices[post.author].speak(body, thread=thread)
        self._waiting = action
        self.truth[action] = {"author": post.author, "written": post.written, "sent": post.sent}

    # ── The end ──────────────

    def _ban_somebody(self) -> None:
        """The last who spoke is banned, so that the seized disks hold a ban as well."""
        banned = list(self.truth)[-1]
        self.site.ban(banned)
        self.facts["banned"] = banned
        self._go_to(self.world.end + self.world.tick + 1)
        wait_until(lambda: self._crawler.bans() == 1, seconds=60, what="the ban to take effect")

    def _finish(self) -> None:
        self._ban_somebody()
        self._crawler.crawl(self.outside.parent / "seized" / "public.json")
        members = [
            {"number": each.number, "email": each.email, "roster": each.roster, "visits": each.visits}
            for each in self.world.members
        ]
        self.facts["proofs"] = self._proofs.made
        self.facts["welcomed"] = len(self._welcomed)
        self.facts["newcomers' posts"] = len(self.world.posts) - self.world.size.posts
        self._write("truth.json", self.truth)
        self._write("members.json", members)
        self._write("facts.json", self.facts)
        self._write("times.json", self._times)

    def _write(self, name: str, document: object) -> None:
        (self.outside / name).write_text(json.dumps(document))
