"""Threads, the personas in them, their joins and posts."""

from typing import ClassVar

from django.db import models

from openmai.talk.models.columns import Constraints, bytes_long
from openmai.talk.models.rosters import RosterEpoch


class Thread(models.Model):
    """A thread, by the id of its opening. `active_at` and `replies` are computed again at each tick that
    touches it.
    """

    id = models.BinaryField(primary_key=True)
    season = models.CharField(max_length=8)
    section = models.CharField(max_length=40)
    title = models.CharField(max_length=120)
    opened_at = models.DateTimeField()
    active_at = models.DateTimeField()
    replies = models.IntegerField(default=0)

    class Meta:
        constraints: ClassVar[Constraints] = [
            bytes_long("thread_id_is_digest", "id", 32),
            models.CheckConstraint(
                name="thread_section_form", condition=models.Q(section__regex=r"^[a-z][a-z0-9-]*$")
            ),
            models.CheckConstraint(
                name="thread_order",
                condition=models.Q(active_at__gte=models.F("opened_at"), replies__gte=0)
                & ~models.Q(title=""),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(name="thread_latest", fields=["-active_at", "-id"]),
            models.Index(name="thread_latest_section", fields=["section", "-active_at", "-id"]),
        ]

    def __str__(self) -> str:
        return self.title


class Persona(models.Model):
    """One member in one thread. `words` are the alias in English; `numbered` says whether its number is
    shown, too.
    """

    id = models.BinaryField(primary_key=True)
    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="personas", db_index=False)
    nullifier = models.BinaryField()
    key = models.BinaryField()
    roster = models.CharField(max_length=90)
    label_en = models.CharField(max_length=120, blank=True)
    label_zh = models.CharField(max_length=120, blank=True)
    words = models.CharField(max_length=60)
    numbered = models.BooleanField()
    entered_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[Constraints] = [
            bytes_long("persona_id_is_digest", "id", 32),
            bytes_long("persona_nullifier_is_field", "nullifier", 32),
            bytes_long("persona_key_length", "key", 32),
            models.UniqueConstraint(name="persona_once", fields=["thread", "nullifier"]),
            models.UniqueConstraint(name="persona_key_once", fields=["thread", "key"]),
            models.CheckConstraint(name="persona_has_alias", condition=~models.Q(words="")),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(name="persona_words", fields=["thread", "words"])
        ]

    def __str__(self) -> str:
        return bytes(self.id).hex()


class Post(models.Model):
    """An opening or a reply, by the id of its content.

    `position` is its place in the thread (0: the opening); `branch` the position of the reply directly
    under the opening that it descends from, so that (branch, position) is the order of a page.
    """

    id = models.BinaryField(primary_key=True)
    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="posts", db_index=False)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="answers", db_index=False
    )
    persona = models.ForeignKey(Persona, on_delete=models.PROTECT, related_name="posts", db_index=False)
    content = models.JSONField()
    signature = models.BinaryField()
    tick = models.DateTimeField()
    position = models.IntegerField()
    branch = models.IntegerField()

    class Meta:
        constraints: ClassVar[Constraints] = [
            bytes_long("post_id_is_digest", "id", 32),
            bytes_long("post_signature_length", "signature", 64),
            models.UniqueConstraint(name="post_position_once", fields=["thread", "position"]),
            models.UniqueConstraint(name="post_page_order", fields=["thread", "branch", "position"]),
            models.CheckConstraint(
                name="post_branch_before", condition=models.Q(branch__gte=0, position__gte=models.F("branch"))
            ),
            models.CheckConstraint(
                name="post_opening_is_thread",
                condition=~models.Q(position=0) | models.Q(thread=models.F("id"), parent=None),
            ),
        ]

    def __str__(self) -> str:
        return bytes(self.id).hex()


class Join(models.Model):
    """The membership proof with which a persona entered, or entered again; keyed by the content that it
    came with.
    """

    content = models.OneToOneField(Post, on_delete=models.PROTECT, primary_key=True, related_name="join")
    persona = models.ForeignKey(Persona, on_delete=models.PROTECT, related_name="joins", db_index=False)
    epoch = models.ForeignKey(RosterEpoch, on_delete=models.PROTECT, related_name="joins", db_index=False)
    proof = models.BinaryField()
    tick = models.DateTimeField()

    class Meta:
        constraints: ClassVar[Constraints] = [bytes_long("join_proof_length", "proof", 128)]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(name="join_latest", fields=["persona", "-tick"])
        ]

    def __str__(self) -> str:
        return bytes(self.content_id).hex()
