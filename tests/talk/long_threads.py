"""Threads of any length, without proofs: only for what pages cost and how they are divided."""

from datetime import datetime, timedelta

from openmai.anonymity.encoding import sha256
from openmai.anonymity.fields import R
from openmai.talk.models import Persona, Post, Thread


def invented_persona(thread: bytes, number: int, now: datetime) -> Persona:
    digest = sha256(thread + number.to_bytes(4, "big"))
    return Persona(
        id=digest,
        thread_id=thread,
        nullifier=(int.from_bytes(digest, "big") % R).to_bytes(32, "big"),
        key=sha256(digest),
        roster="site",
        words=f"Invented {number}",
        numbered=False,
        entered_at=now,
    )


def fill_thread(thread: bytes, *, replies: int, now: datetime, voices: int = 7) -> list[bytes]:
    """So many replies by `voices` personas, every third one below the last direct one; their ids by
    position.
    """
    season = Thread.objects.get(id=thread).season
    personas = Persona.objects.bulk_create(invented_persona(thread, number, now) for number in range(voices))
    posts: list[Post] = []
    top: Post | None = None
    for position in range(1, replies + 1):
        nested = top is not None and position % 3 == 0
        text = f"Reply {position}. " + "Nobody told us before the shift began. " * 4
        post = Post(
            id=sha256(b"reply" + thread + position.to_bytes(4, "big")),
            thread_id=thread,
            parent=top if nested else None,
            persona=personas[position % voices],
            content={"type": "openmai/reply/v1", "season": season, "body": text},
            signature=bytes(64),
            tick=now,
            position=position,
            branch=top.position if nested and top else position,
        )
        top = top if nested else post
        posts.append(post)
    Post.objects.bulk_create(posts, batch_size=1000)
    Thread.objects.filter(id=thread).update(replies=replies)
    return [post.id for post in posts]


def fill_list(threads: int, *, season: str, now: datetime, section: str = "pay") -> None:
    for number in range(threads):
        tick = now + timedelta(minutes=number)
        thread = sha256(b"thread" + number.to_bytes(4, "big"))
        Thread.objects.create(
            id=thread,
            season=season,
            section=section,
            title=f"Thread {number}",
            opened_at=tick,
            active_at=tick,
        )
        persona = invented_persona(thread, 0, tick)
        persona.save(force_insert=True)
        Post.objects.create(
            id=thread,
            thread_id=thread,
            persona=persona,
            content={"body": "How much?"},
            signature=bytes(64),
            tick=tick,
            position=0,
            branch=0,
        )
