"""The public site as anybody can read it: after each tick the latest threads, at the end everything."""

import json
from pathlib import Path
from typing import Any

from tests.adversary.devices import Device, Unexpected


class Crawler:
    """Reads through one device, without an account."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.looks = 0

    def bytes_at(self, path: str) -> bytes:
        answer = self._device.talk(path)
        if answer.status != 200:
            raise Unexpected(f"{path} answered {answer.status}")
        return answer.body

    def talk_index(self) -> bytes:
        answer = self._device.talk("/rosters/index.json")
        return answer.body if answer.status == 200 else b""

    def people_index(self) -> bytes:
        answer = self._device.people("/rosters/index.json")
        return answer.body if answer.status == 200 else b""

    def state(self, action: str) -> str:
        return str(json.loads(self.bytes_at(f"/api/v1/actions/{action}"))["state"])

    def newest(self) -> str:
        """The thread at the top of the front page."""
        return str(json.loads(self.bytes_at("/api/v1/threads"))["threads"][0]["id"])

    def bans(self) -> int:
        """How many bans are in force."""
        return len(json.loads(self.bytes_at("/api/v1/bans"))["bans"])

    def look(self) -> None:
        """What whoever watches the site sees after a tick."""
        self.bytes_at("/api/v1/threads")
        self.looks += 1

    def tick_is_written(self) -> bool:
        """Pages say how long they hold: a second while a tick is due."""
        return self._device.talk("/api/v1/threads").lasts > 1

    def crawl(self, to: Path) -> None:
        """Every thread with its posts and personas, and under which root each persona entered."""
        threads = [self._thread(each["id"]) for each in self._pages("/api/v1/threads", "threads")]
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(json.dumps(threads))

    def _pages(self, path: str, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            page = json.loads(self.bytes_at(path + (f"?after={after}" if after else "")))
            found += page[name]
            if not page["next"]:
                return found
            after = page["next"]

    def _thread(self, thread: str) -> dict[str, Any]:
        path = f"/api/v1/threads/{thread}"
        head = json.loads(self.bytes_at(path))
        posts = [head["opening"], *self._pages(path, "replies")]
        personas = {each["key"]: each for page in self._personas(path) for each in page}
        first: dict[str, str] = {}
        for post in sorted(posts, key=lambda each: (each["published"], each["position"])):
            first.setdefault(post["key"], post["id"])
        for key, persona in personas.items():
            persona["statement"] = json.loads(self.bytes_at(f"/p/{first[key]}/proof.json"))["statement"]
        return {"id": thread, "posts": posts, "personas": list(personas.values())}

    def _personas(self, path: str) -> list[list[dict[str, Any]]]:
        found = []
        after = ""
        while True:
            page = json.loads(self.bytes_at(path + (f"?after={after}" if after else "")))
            found.append(page["personas"])
            if not page["next"]:
                return found
            after = page["next"]
