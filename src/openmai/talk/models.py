"""What the talk cluster stores: rosters, threads, personas, their joins and posts.

No sequence, no clock but the tick, no counter per event: keys are hashes, rows are written by the tick
alone, all in one transaction and in the order of their hash (docs/adr/0001, docs/threat-model.md). The log,
whose order everybody sees, is numbered. All digests are 32 bytes.
"""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Length
from django.db.models.lookups import Exact

Constraints = list[models.BaseConstraint]


def _bytes_long(name: str, field: str, size: int) -> models.CheckConstraint:
    return models.CheckConstraint(name=name, condition=Exact(Length(field), size))


class RosterIndex(models.Model):
    """The newest index that the people site signed, one row for each season; served again from here."""

    season = models.CharField(primary_key=True, max_length=8)
    serial = models.BigIntegerField()
    envelope = models.BinaryField()

    class Meta:
        constraints: ClassVar[Constraints] = [
            models.CheckConstraint(name="index_serial_positive", condition=models.Q(serial__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.season} #{self.serial}"


class RosterLeaves(models.Model):
    """A leaves file, by its SHA-256."""

    id = models.BinaryField(primary_key=True)
    data = models.BinaryField()

    class Meta:
        verbose_name_plural = "roster leaves"
        constraints: ClassVar[Constraints] = [_bytes_long("leaves_id_is_digest", "id", 32)]

    def __str__(self) -> str:
        return bytes(self.id).hex()


class RosterEpoch(models.Model):
    """One published version of a roster, by the SHA-256 of its signed statement."""

    id = models.BinaryField(primary_key=True)
    envelope = models.BinaryField()
    season = models.CharField(max_length=8)
    roster = models.CharField(max_length=90)
    epoch = models.IntegerField()
    root = models.BinaryField()
    size = models.IntegerField()
    live = models.IntegerField()
    settled = models.IntegerField()
    label_en = models.CharField(max_length=120, blank=True)
    label_zh = models.CharField(max_length=120, blank=True)
    leaves = models.BinaryField()
    # Where the log says so, and the log's root just behind that: no root is accepted before it is logged.
    log_index = models.BigIntegerField()
    log_root = models.BinaryField()
    accepted_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[Constraints] = [
            _bytes_long("epoch_id_is_digest", "id", 32),
            _bytes_long("epoch_root_is_field", "root", 32),
            _bytes_long("epoch_leaves_is_digest", "leaves", 32),
            _bytes_long("epoch_log_root_length", "log_root", 32),
            models.CheckConstraint(name="epoch_is_logged", condition=models.Q(log_index__gte=0)),
            models.UniqueConstraint(name="epoch_once", fields=["season", "roster", "epoch"]),
            models.UniqueConstraint(
                name="epoch_one_current", fields=["season", "roster"], condition=models.Q(superseded_at=None)
            ),
            models.CheckConstraint(
                name="epoch_counts",
                condition=models.Q(
                    epoch__gte=1, settled__gte=0, live__gte=models.F("settled"), size__gte=models.F("live")
                ),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(name="epoch_by_root", fields=["season", "roster", "root"])
        ]

    def __str__(self) -> str:
        return f"{self.roster} {self.epoch}"


class BanList(models.Model):
    """The ban list in force, one row for each season. `added_at` is the last tick that added a ban."""

    season = models.CharField(primary_key=True, max_length=8)
    serial = models.BigIntegerField()
    document = models.BinaryField()
    changed_at = models.DateTimeField()
    added_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[Constraints] = [
            models.CheckConstraint(name="bans_serial_positive", condition=models.Q(serial__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.season} #{self.serial}"


class Ban(models.Model):
    """What the operator decided of one persona, by the SHA-256 of scope and nullifier.

    Asked for between two ticks, in force from the next one (`added_at`) until `until`, or until the tick
    after it was lifted (`ended_at`).
    """

    id = models.BinaryField(primary_key=True)
    season = models.CharField(max_length=8)
    scope = models.BinaryField()
    nullifier = models.BinaryField()
    until = models.DateTimeField()
    reason = models.CharField(max_length=32)
    lifted = models.BooleanField(default=False)
    added_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[Constraints] = [
            _bytes_long("ban_id_is_digest", "id", 32),
            _bytes_long("ban_scope_is_digest", "scope", 32),
            _bytes_long("ban_nullifier_is_field", "nullifier", 32),
            models.CheckConstraint(
                name="ban_reason_form", condition=models.Q(reason__regex=r"^[a-z][a-z-]{0,31}$")
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(name="ban_by_season", fields=["season"], condition=models.Q(ended_at=None))
        ]

    def __str__(self) -> str:
        return bytes(self.id).hex()


class RateNullifier(models.Model):
    """A slot that somebody used on a day. Which of their slots, and who, nobody can tell; kept until 48 hours
    after the day.
    """

    nullifier = models.BinaryField(primary_key=True)
    day = models.DateField(db_index=True)

    class Meta:
        constraints: ClassVar[Constraints] = [_bytes_long("rate_nullifier_is_field", "nullifier", 32)]

    def __str__(self) -> str:
        return bytes(self.nullifier).hex()


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
            _bytes_long("thread_id_is_digest", "id", 32),
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
            _bytes_long("persona_id_is_digest", "id", 32),
            _bytes_long("persona_nullifier_is_field", "nullifier", 32),
            _bytes_long("persona_key_length", "key", 32),
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
            _bytes_long("post_id_is_digest", "id", 32),
            _bytes_long("post_signature_length", "signature", 64),
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
        constraints: ClassVar[Constraints] = [_bytes_long("join_proof_length", "proof", 128)]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(name="join_latest", fields=["persona", "-tick"])
        ]

    def __str__(self) -> str:
        return bytes(self.content_id).hex()


class LogEntry(models.Model):
    """An entry of the transparency log. Rows of the log's tables are added and never changed: the database
    refuses everything else (migrations/0002_log.py).
    """

    index = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=12)
    data = models.BinaryField()
    hash = models.BinaryField()

    class Meta:
        verbose_name_plural = "log entries"
        constraints: ClassVar[Constraints] = [
            models.CheckConstraint(name="log_entry_index", condition=models.Q(index__gte=0)),
            _bytes_long("log_entry_hash_length", "hash", 32),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                name="log_entry_standing",
                fields=["kind", "-index"],
                condition=models.Q(kind__in=["season", "artifacts", "bans", "bundle", "disclosures"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.index}: {self.kind}"


class LogNode(models.Model):
    """The root of a full tile, which is one hash of a tile of the level above."""

    pk = models.CompositePrimaryKey("level", "index")
    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        constraints: ClassVar[Constraints] = [
            _bytes_long("log_node_hash_length", "hash", 32),
            models.CheckConstraint(name="log_node_place", condition=models.Q(level__gte=1, index__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class LogCheckpoint(models.Model):
    """What the log's key signed, one for each size that was ever published."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.BinaryField()

    class Meta:
        constraints: ClassVar[Constraints] = [
            _bytes_long("log_checkpoint_root_length", "root", 32),
            models.CheckConstraint(name="log_checkpoint_size", condition=models.Q(size__gte=1)),
        ]

    def __str__(self) -> str:
        return str(self.size)


class LogCosignature(models.Model):
    """What a witness added to a checkpoint: its signature line. `witness` is its key's name."""

    pk = models.CompositePrimaryKey("checkpoint_id", "witness")
    checkpoint = models.ForeignKey(
        LogCheckpoint, on_delete=models.PROTECT, related_name="cosignatures", db_index=False
    )
    witness = models.CharField(max_length=255)
    line = models.TextField()

    class Meta:
        constraints: ClassVar[Constraints] = [
            models.CheckConstraint(name="log_cosignature_line", condition=~models.Q(line=""))
        ]

    def __str__(self) -> str:
        return f"{self.witness} on {self.checkpoint_id}"


class LogTick(models.Model):
    """Where the posts of a tick and season stand in the log: those from `first` to `last`, by their ids."""

    entry = models.OneToOneField(LogEntry, on_delete=models.PROTECT, primary_key=True, related_name="tick")
    tick = models.DateTimeField()
    season = models.CharField(max_length=8)
    first = models.BinaryField()
    last = models.BinaryField()

    class Meta:
        constraints: ClassVar[Constraints] = [
            _bytes_long("log_tick_first_is_digest", "first", 32),
            _bytes_long("log_tick_last_is_digest", "last", 32),
            models.CheckConstraint(name="log_tick_range", condition=models.Q(last__gte=models.F("first"))),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(name="log_tick_posts", fields=["tick", "season", "first"])
        ]

    def __str__(self) -> str:
        return str(self.tick)


class LogEnrolment(models.Model):
    """A commitment whose proof of knowledge is logged: it need not be proved and logged again."""

    commitment = models.BinaryField(primary_key=True)
    entry = models.OneToOneField(LogEntry, on_delete=models.PROTECT, related_name="enrolment", db_index=False)

    class Meta:
        constraints: ClassVar[Constraints] = [_bytes_long("log_enrolment_is_field", "commitment", 32)]

    def __str__(self) -> str:
        return bytes(self.commitment).hex()
