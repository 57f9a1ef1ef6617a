"""A member of the bench's talk site in Chromium: opens thread after thread with the page's own composer."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, FilePayload, Page, sync_playwright
from tests.conftest import chromium

from bench._talk import DOMAIN, World
from openmai.cli.member.recovery import seal, show_code

PATIENCE_MS = 300_000

# Marks when the worker begins the first proof and when it has made the last one, and every long task of the
# main thread (longer than 50 ms, as the browser defines it).
_WATCH = """
window.proofs = []; window.longTasks = [];
const Native = window.Worker;
window.Worker = class extends Native {
  constructor(address) {
    super(address);
    this.addEventListener("message", ({ data }) => {
      if (data.kind !== "progress") return;
      const { stage } = data.progress, now = performance.now();
      if (stage === "witness") window.proofs.push({ from: now, to: null });
      if (stage === "signing" && window.proofs.length > 0) window.proofs.at(-1).to = now;
    });
  }
};
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) window.longTasks.push({ startTime, duration });
}).observe({ type: "longtask", buffered: true });
"""


_MEASURED = """() => {
  const { from, to } = window.proofs.at(-1);
  const during = window.longTasks.filter((task) => task.startTime < to && task.startTime >= from);
  return { proofs: to - from, longest_task: Math.max(0, ...during.map(({ duration }) => duration)) };
}"""


@dataclass(frozen=True)
class Spoken:
    """In milliseconds: by the clock both proofs, and the main thread's longest task over 50 ms meanwhile (0:
    none); of the processor all that the worker did until the server's answer was there.
    """

    proofs: float
    longest_task: float
    processor: float


_WORKER_THREADS = ("DedicatedWorker", "ThreadPoolForeg")


def _ticks(stat: str) -> int:
    """User and system time in /proc/<pid>/task/<tid>/stat, if the thread is one that works for the worker."""
    head, _, tail = stat.rpartition(") ")
    fields = tail.split()
    return int(fields[11]) + int(fields[12]) if head.partition("(")[2].startswith(_WORKER_THREADS) else 0


class Writer:
    """Alice's browser. Each thread that she opens costs one of the day's slots."""

    def __init__(self, browser: Browser, origin: str, world: World) -> None:
        self._origin = origin
        self._system = browser.new_browser_cdp_session()
        context = browser.new_context()
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(_WATCH)
        self._page: Page = context.new_page()
        self._restore(world)
        self._page.goto(f"{origin}/en/new/")
        self._choose()

    def _restore(self, world: World) -> None:
        page, code = self._page, secrets.token_bytes(16)
        backup = seal(domain=DOMAIN, secret=world.cast.alice.secret, code=code, randbytes=secrets.token_bytes)
        page.goto(f"{self._origin}/en/identity/")
        page.get_by_text("Restore from a backup").click()
        file = FilePayload(
            name="backup.json", mimeType="application/json", buffer=json.dumps(backup).encode()
        )
        page.get_by_label("Backup file").set_input_files(files=[file])
        page.get_by_role("textbox", name="Recovery code").fill(show_code(code))
        page.get_by_role("button", name="Restore").click()
        page.locator("[data-part=have]").wait_for()

    def _choose(self) -> None:
        page = self._page
        page.get_by_role("combobox", name="Company").select_option(index=1)
        page.locator("[data-crowd] .crowd-size").wait_for()

    def _processor(self) -> float:
        """Milliseconds of the processor that the worker has used: its thread, and the pool that compiles for
        it.

        The rest of the browser draws the progress bar, for as long as the clock runs.
        """
        processes = self._system.send("SystemInfo.getProcessInfo")["processInfo"]
        renderers = [each["id"] for each in processes if each["type"] == "renderer"]
        stats = [task.read_text() for pid in renderers for task in Path(f"/proc/{pid}/task").glob("*/stat")]
        return sum(_ticks(stat) for stat in stats) * 1e3 / os.sysconf("SC_CLK_TCK")

    def open_thread(self) -> Spoken:
        """Write, prove, send and see the answer."""
        page, before = self._page, self._processor()
        page.get_by_label("Section").select_option(index=1)
        page.get_by_label("Title").fill(secrets.token_hex(8))
        page.locator("[data-composer]").get_by_role("button", name="Send").click()
        page.get_by_role("button", name="Write another").click()
        spent = self._processor() - before
        page.locator("[data-crowd] .crowd-size").wait_for()
        return Spoken(processor=spent, **page.evaluate(_MEASURED))


@contextmanager
def writer(origin: str, world: World) -> Iterator[Writer]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(**chromium())
        try:
            yield Writer(browser, origin, world)
        finally:
            browser.close()
