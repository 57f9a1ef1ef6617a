"""The documents of the API, as OpenAPI describes them (docs/protocol.md §5)."""

from datetime import datetime
from typing import Any, Literal

from ninja import Schema


class Names(Schema):
    en: str
    zh: str


class LabelOut(Names):
    slug: str


class SectionOut(Names):
    slug: str


class LogOut(Schema):
    origin: str
    key: str
    witnesses: list[str]
    quorum: int


class LogPlaceOut(Schema):
    index: int
    size: int
    root: str


class FileOut(Schema):
    url: str
    sha256: str
    bytes: int


class BansNameOut(Schema):
    sha256: str
    serial: int


class GateOut(Schema):
    slots: int
    vkey: dict[str, Any]
    zkey: FileOut
    wasm: FileOut
    bans: BansNameOut


class BanOut(Schema):
    thread: str
    nullifier: str
    until: datetime
    reason: str


class BansOut(Schema):
    type: Literal["openmai/bans/v1"]
    site: str
    season: str
    serial: int
    bans: list[BanOut]


class SiteOut(Schema):
    site: str
    season: str
    tick_seconds: int
    next_tick: datetime
    floor: int
    root_grace_seconds: int
    receipt_key: str
    roster_key: str
    people_origin: str
    log: LogOut
    gate: GateOut
    sections: list[SectionOut]
    limits: dict[str, int]


class RosterOut(Schema):
    roster: str
    epoch: int
    root: str
    size: int
    live: int
    settled: int
    label: LabelOut | None
    leaves: str
    statement: str
    log: LogPlaceOut
    open: bool


class RostersOut(Schema):
    rosters: list[RosterOut]


class ReceiptOut(Schema):
    action: str
    state: Literal["waiting", "published"]
    due: datetime
    key: str
    signature: str


class ActionOut(Schema):
    action: str
    state: Literal["waiting", "published", "unknown"]


class PersonaOut(Schema):
    key: str
    nullifier: str
    roster: str
    kind: Literal["provable", "attested", "site"]
    label: LabelOut | None
    alias: Names
    opened: bool


class PostOut(Schema):
    id: str
    position: int
    content: dict[str, Any]
    key: str
    signature: str
    published: datetime


class ThreadOut(Schema):
    id: str
    season: str
    section: str
    opened_at: datetime
    active_at: datetime
    reply_count: int
    opening: PostOut
    personas: list[PersonaOut]
    checkpoints: list[str]
    replies: list[PostOut]
    next: str | None


class ThreadLineOut(Schema):
    id: str
    section: str
    title: str
    excerpt: str
    opened_at: datetime
    active_at: datetime
    reply_count: int
    persona: PersonaOut


class ThreadsOut(Schema):
    threads: list[ThreadLineOut]
    next: str | None


class ProblemOut(Schema):
    type: str
    title: str
    status: int
    detail: str
    code: str
    pointer: str | None
