"""Who may not enter a thread, and which slots of a day are used."""

from typing import ClassVar

from django.db import models

from openmai.talk.models.columns import Constraints, bytes_long


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
    """What the operator decided of one persona, by the SHA-256 of thread and nullifier.

    Asked for between two ticks, in force from the next one (`added_at`) until `until`, or until the tick
    after it was lifted (`ended_at`).
    """

    id = models.BinaryField(primary_key=True)
    season = models.CharField(max_length=8)
    thread = models.BinaryField()
    nullifier = models.BinaryField()
    until = models.DateTimeField()
    reason = models.CharField(max_length=32)
    lifted = models.BooleanField(default=False)
    added_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[Constraints] = [
            bytes_long("ban_id_is_digest", "id", 32),
            bytes_long("ban_thread_is_digest", "thread", 32),
            bytes_long("ban_nullifier_is_field", "nullifier", 32),
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
        constraints: ClassVar[Constraints] = [bytes_long("rate_nullifier_is_field", "nullifier", 32)]

    def __str__(self) -> str:
        return bytes(self.nullifier).hex()
