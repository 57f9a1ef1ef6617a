"""What the log says of the site itself: its season, the proving artifacts, the bundle that it serves, and
how many requests for data its operator answered.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from openmai.anonymity.encoding import Domain, canonical_json, sha256
from openmai.anonymity.log.entries import LogEntry, artifacts_entry, entry
from openmai.anonymity.seasons import season_called
from openmai.talk.gate_files import GateFiles
from openmai.talk.rules import Rules
from openmai.web.static import MANIFEST, ManifestUnreadable, read_manifest


def due_facts(
    domain: Domain, *, known: Mapping[str, LogEntry], answered: int | None, rules: Rules
) -> list[LogEntry]:
    """The facts that differ from those that were logged last, `known` by kind. `answered` is what the
    operator said of requests for data, if anything.
    """
    facts = [_season(domain), _artifacts(domain, rules.gate, rules.slots)]
    if (bundle := _bundle(domain, rules.static_dir)) is not None:
        facts.append(bundle)
    if answered is not None:
        facts.append(entry("disclosures", domain, count=answered))
    return [each for each in facts if each.kind not in known or known[each.kind].data != each.data]


def _season(domain: Domain) -> LogEntry:
    season = season_called(domain.season)
    began = datetime.fromtimestamp(season.starts, UTC).date().isoformat()
    return entry("season", domain, number=int(domain.season[1:]), began=began)


def _artifacts(domain: Domain, gate: GateFiles, slots: int) -> LogEntry:
    """By what proofs are made and checked: the keys of the operator's own set-up, and the slots of a day."""
    return artifacts_entry(
        domain,
        proving_key=gate.served.sha256,
        verification_key=canonical_json(gate.document),
        slots=slots,
    )


def _bundle(domain: Domain, static_dir: Path) -> LogEntry | None:
    """The files that browsers run, and proving artifacts; None where no front end was built."""
    try:
        manifest = read_manifest(static_dir)
    except ManifestUnreadable:
        return None
    digest, files = _digests(static_dir, tuple(sorted(manifest.items())))
    return entry("bundle", domain, manifest=digest, files=dict(files))


@cache
def _digests(
    static_dir: Path, manifest: tuple[tuple[str, str], ...]
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Files are named by their content, so that each is read once in a process."""
    files = tuple(
        (name, sha256((static_dir / path).read_bytes()).hex())
        for name, path in manifest
        if (static_dir / path).is_file()
    )
    return sha256((static_dir / MANIFEST).read_bytes()).hex(), files
