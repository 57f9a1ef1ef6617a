"""The transparency log: entries, the hashes of full tiles, and what was signed."""

from typing import ClassVar

from django.db import models

from openmai.talk.models.columns import Constraints, bytes_long


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
            bytes_long("log_entry_hash_length", "hash", 32),
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
    """The root of a complete subtree of 16**level entries; those of even levels are the hashes of tiles."""

    pk = models.CompositePrimaryKey("level", "index")
    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        constraints: ClassVar[Constraints] = [
            bytes_long("log_node_hash_length", "hash", 32),
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
            bytes_long("log_checkpoint_root_length", "root", 32),
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
            bytes_long("log_tick_first_is_digest", "first", 32),
            bytes_long("log_tick_last_is_digest", "last", 32),
            models.CheckConstraint(name="log_tick_range", condition=models.Q(last__gte=models.F("first"))),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(name="log_tick_posts", fields=["tick", "season", "first"])
        ]

    def __str__(self) -> str:
        return str(self.tick)


class LogEnrolment(models.Model):
    """A commitment whose proof of knowledge is logged: it need not be proved and logged again that season."""

    pk = models.CompositePrimaryKey("season", "commitment")
    season = models.CharField(max_length=8)
    commitment = models.BinaryField()
    entry = models.OneToOneField(LogEntry, on_delete=models.PROTECT, related_name="enrolment", db_index=False)

    class Meta:
        constraints: ClassVar[Constraints] = [bytes_long("log_enrolment_is_field", "commitment", 32)]

    def __str__(self) -> str:
        return bytes(self.commitment).hex()


class Disclosures(models.Model):
    """How many requests for data were answered so far in a season, as the operator said it. A row for each
    number that was said, added and never changed: the greatest holds.
    """

    pk = models.CompositePrimaryKey("season", "count")
    season = models.CharField(max_length=8)
    count = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "disclosures"
        constraints: ClassVar[Constraints] = [
            models.CheckConstraint(name="disclosures_count", condition=models.Q(count__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.season}: {self.count}"


class LogReplacement(models.Model):
    """A lost key and the one in its place, as they are logged. No key is in two pairs of a season."""

    entry = models.OneToOneField(
        LogEntry, on_delete=models.PROTECT, primary_key=True, related_name="replacement"
    )
    season = models.CharField(max_length=8)
    old = models.BinaryField()
    new = models.BinaryField()

    class Meta:
        constraints: ClassVar[Constraints] = [
            bytes_long("log_replacement_old_is_field", "old", 32),
            bytes_long("log_replacement_new_is_field", "new", 32),
            models.UniqueConstraint(name="log_replacement_old_once", fields=["season", "old"]),
            models.UniqueConstraint(name="log_replacement_new_once", fields=["season", "new"]),
        ]

    def __str__(self) -> str:
        return str(self.entry_id)
