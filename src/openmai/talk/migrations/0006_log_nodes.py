"""Of every four levels of the log's tree one is kept, where it was one of eight."""

from collections.abc import Iterator
from typing import Any

from django.db import migrations

from openmai.anonymity.log.merkle import fold


def rebuild(apps: Any, schema_editor: Any) -> None:
    """The nodes are computed anew from the entries; nobody signed them."""
    schema_editor.execute("TRUNCATE talk_lognode")
    entries = apps.get_model("talk", "LogEntry").objects.order_by("index")
    node = apps.get_model("talk", "LogNode")
    row = [bytes(each) for each in entries.values_list("hash", flat=True).iterator()]
    node.objects.bulk_create(
        (node(level=level, index=index, hash=root) for level, index, root in _nodes(row)), batch_size=1000
    )


def _nodes(row: list[bytes]) -> Iterator[tuple[int, int, bytes]]:
    level = 1
    while len(row) >= 16:
        row = [fold(row[at : at + 16]) for at in range(0, len(row) - 15, 16)]
        yield from ((level, index, root) for index, root in enumerate(row))
        level += 1


class Migration(migrations.Migration):
    dependencies = [("talk", "0005_paths")]
    operations = [migrations.RunPython(rebuild)]
