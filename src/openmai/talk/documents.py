"""What the API says, as JSON documents (docs/protocol.md §5)."""

from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from openmai.anonymity.keys import public_bytes
from openmai.anonymity.limits import PUBLISHED
from openmai.anonymity.log.notes import NoteKey
from openmai.platform.clock import iso_seconds, next_tick
from openmai.talk.gate_files import circuit_file
from openmai.talk.queries.bans import CurrentBans
from openmai.talk.queries.rosters import CurrentRoster
from openmai.talk.queries.thread import PostView, ThreadPage
from openmai.talk.queries.threads import ThreadLine, ThreadList
from openmai.talk.rules import Rules
from openmai.talk.sections import SECTIONS
from openmai.talk.voices import Voice


def site_document(rules: Rules, bans: CurrentBans, now: datetime) -> dict[str, Any]:
    """What a device must know before it speaks; holds until `next_tick`."""
    return {
        "site": rules.site,
        "season": rules.domain(now).season,
        "tick_seconds": rules.tick_seconds,
        "next_tick": iso_seconds(next_tick(now, rules.tick_seconds)),
        "floor": rules.floor,
        "root_grace_seconds": int(rules.root_grace.total_seconds()),
        "receipt_key": public_bytes(rules.receipt_key).hex(),
        "roster_key": rules.roster_key.hex(),
        "people_origin": rules.people_origin,
        "gate": _gate_document(rules, bans),
        "log": {
            "origin": rules.log_origin,
            "key": NoteKey(rules.log_origin, public_bytes(rules.log_key)).text,
            "witnesses": [each.key.text for each in rules.witnesses],
            "quorum": rules.quorum,
        },
        "sections": [{"slug": each.slug, "en": each.en, "zh": each.zh} for each in SECTIONS],
        "limits": PUBLISHED,
    }


def _gate_document(rules: Rules, bans: CurrentBans) -> dict[str, Any]:
    """What proving at the gate needs; the circuit is the one that the program pins."""
    gate = rules.gate
    return {
        "slots": rules.slots,
        "vkey": gate.document,
        "zkey": gate.served.document(),
        "wasm": circuit_file().document(),
        "bans": {"sha256": bans.digest.hex(), "serial": bans.bans.serial},
    }


def roster_document(roster: CurrentRoster) -> dict[str, Any]:
    return {
        "roster": roster.roster,
        "epoch": roster.epoch,
        "root": str(roster.root),
        "size": roster.size,
        "live": roster.live,
        "settled": roster.settled,
        "label": roster.label,
        "leaves": roster.leaves.hex(),
        "statement": roster.statement.hex(),
        "log": {
            "index": roster.log_index,
            "size": roster.checkpoint.size,
            "root": b64encode(roster.checkpoint.root).decode(),
        },
        "open": roster.open,
    }


def thread_document(page: ThreadPage) -> dict[str, Any]:
    """A thread with replies in the order in which they were published; `next` is the last one's position."""
    head = page.head
    return {
        "id": head.id.hex(),
        "season": head.season,
        "section": head.section,
        "opened_at": iso_seconds(head.opened_at),
        "active_at": iso_seconds(head.active_at),
        "reply_count": head.replies,
        "opening": _post_document(head.opening),
        "personas": _persona_documents([head.opening, *page.replies]),
        "checkpoints": list(page.checkpoints),
        "replies": [_post_document(reply) for reply in page.replies],
        "next": page.later.encode() if page.later else None,
    }


def _post_document(post: PostView) -> dict[str, Any]:
    return {
        "id": post.id.hex(),
        "position": post.position,
        "content": orjson.Fragment(post.content),
        "key": post.voice.key.hex(),
        "signature": post.signature.hex(),
        "published": iso_seconds(post.tick),
    }


def _persona_documents(posts: Iterable[PostView]) -> list[dict[str, Any]]:
    voices: dict[bytes, Voice] = {post.voice.key: post.voice for post in posts}
    return [voice.document() for voice in voices.values()]


def list_document(threads: ThreadList) -> dict[str, Any]:
    return {
        "threads": [_line_document(line) for line in threads.lines],
        "next": threads.next.encode() if threads.next else None,
    }


def _line_document(line: ThreadLine) -> dict[str, Any]:
    return {
        "id": line.id.hex(),
        "section": line.section,
        "title": line.title,
        "excerpt": line.excerpt,
        "opened_at": iso_seconds(line.opened_at),
        "active_at": iso_seconds(line.active_at),
        "reply_count": line.replies,
        "persona": line.voice.document(),
    }
