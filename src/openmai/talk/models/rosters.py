"""Rosters as the people site published them."""

from typing import ClassVar

from django.db import models

from openmai.talk.models.columns import Constraints, bytes_long


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
        constraints: ClassVar[Constraints] = [bytes_long("leaves_id_is_digest", "id", 32)]

    def __str__(self) -> str:
        return bytes(self.id).hex()


class RosterPaths(models.Model):
    """A paths file, by its SHA-256."""

    id = models.BinaryField(primary_key=True)
    data = models.BinaryField()

    class Meta:
        verbose_name_plural = "roster paths"
        constraints: ClassVar[Constraints] = [bytes_long("paths_id_is_digest", "id", 32)]

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
    paths = models.BinaryField()
    # Where the log says so, and the log's root just behind that: no root is accepted before it is logged.
    log_index = models.BigIntegerField()
    log_root = models.BinaryField()
    accepted_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[Constraints] = [
            bytes_long("epoch_id_is_digest", "id", 32),
            bytes_long("epoch_root_is_field", "root", 32),
            bytes_long("epoch_leaves_is_digest", "leaves", 32),
            bytes_long("epoch_paths_is_digest", "paths", 32),
            bytes_long("epoch_log_root_length", "log_root", 32),
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
