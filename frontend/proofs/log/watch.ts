/**
 * What this device knows of the site's log: its key and witnesses, and the newest head that it has seen.
 *
 * Whatever the server shows later must continue that head. A log that does not is refused, and both signed heads are
 * kept: together they prove to anybody that the log was forked.
 */
import type { Database } from "../../device/database.ts";
import type { Fetch } from "../artifacts.ts";
import { fingerprint } from "../encoding.ts";
import { ProofError } from "../errors.ts";
import { equalBytes, toHex } from "../field.ts";
import type { SiteFacts } from "../messages.ts";
import { openCheckpoint, originOf, parseCarried, type SignedHead } from "./checkpoint.ts";
import { evidenceOf, keepEvidence, witnessesOf, type Offence } from "./evidence.ts";
import { cosignersOf, parseNote, parseVerifierKey, type NamedKey } from "./note.ts";
import { cutTile, isFull, tilePath, TileTree, type Tile, type TileSource } from "./tiles.ts";

/** Between the checkpoint and its tiles a tick may pass, and take the partial tiles away. */
const ATTEMPTS = 3;

/** Of whom was seen more of the log than is shown, so many are remembered. */
const MAX_AHEAD = 64;
const DAY_MS = 86_400_000;

/** A head that somebody says to have seen. */
interface Claim {
  readonly text: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** The claims that were ahead of the log, each with the day (since 1970) on which it was seen first. */
type Ahead = Readonly<Record<string, number>>;

interface Kept {
  /** The log's key first seen, in hex. */
  readonly key: string;
  /** Who had to countersign then, and how many of them. */
  readonly witnesses: readonly string[];
  readonly quorum: number;
  /** The newest checkpoint seen, as it was signed; null before the first. */
  readonly signed: string | null;
}

const place = ({ site }: SiteFacts): string => `log/${site}`;
const utf8 = new TextEncoder();

const isAbsent = (error: unknown): boolean => error instanceof ProofError && error.code === "server" && error.parameters["status"] === 404;

/** The log's name and key as the site gives them now. */
export function logKeyOf({ site, log }: SiteFacts): NamedKey {
  const key = parseVerifierKey(log?.key, 1);
  if (log.origin !== originOf(site) || key.name !== log.origin) throw new ProofError("log-malformed", "the log's origin");
  return key;
}

function pinsOf(facts: SiteFacts): Omit<Kept, "signed"> {
  const key = toHex(logKeyOf(facts).key);
  return { key, witnesses: [...facts.log.witnesses], quorum: facts.log.quorum };
}

/** Who must countersign, as people compare it. */
const asked = ({ witnesses, quorum }: { readonly witnesses: readonly string[]; readonly quorum: number }): string =>
  `${quorum}/${witnesses.length} ${witnesses.join(", ")}`.trim();

export class LogWatch {
  private last: TileTree | null = null;

  constructor(
    private readonly fetcher: Fetch,
    private readonly database: Database,
  ) {}

  /** The log as it is now, found to continue what this device has seen. `fresh` asks past every cache. */
  async open(facts: SiteFacts, fresh = false): Promise<TileTree> {
    const kept = await this.pinned(facts);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.look(facts, kept, fresh);
      } catch (error) {
        if (attempt === ATTEMPTS || !isAbsent(error)) throw error;
      }
    }
  }

  /** Pins key and witnesses on first use; throws `log-key-changed` or `log-witnesses-changed` when the site later names others. */
  private async pinned(facts: SiteFacts): Promise<Kept> {
    const offered = pinsOf(facts);
    const kept = (await this.database.change<Kept>("settings", place(facts), (old) => old ?? { ...offered, signed: null }))!;
    if (kept.key !== offered.key) throw new ProofError("log-key-changed", "", { pinned: fingerprint(kept.key), offered: fingerprint(offered.key) });
    const same = kept.quorum === offered.quorum && kept.witnesses.join() === offered.witnesses.join();
    if (!same) throw new ProofError("log-witnesses-changed", "", { pinned: asked(kept), offered: asked(offered) });
    return kept;
  }

  /**
   * Accepts the key and witnesses that the site names now: the member has compared them with the published ones. The
   * head that was seen stays: a new key is no leave to begin another history.
   */
  async trust(facts: SiteFacts): Promise<void> {
    const offered = pinsOf(facts);
    await this.database.change<Kept>("settings", place(facts), (old) => ({ ...offered, signed: old?.signed ?? null }));
  }

  private async look(facts: SiteFacts, { signed }: Kept, fresh: boolean): Promise<TileTree> {
    const offered = openCheckpoint(await this.bytes("checkpoint", fresh), logKeyOf(facts));
    const seen = signed === null ? null : headOf(signed, facts);
    if (seen !== null && offered.size < seen.size) await this.accuse(facts, { kind: "rollback", seen, offered });
    // Of two heads of one size nothing but their roots need be looked at.
    if (seen !== null && offered.size === seen.size && !equalBytes(offered.root, seen.root)) await this.accuse(facts, { kind: "fork", seen, offered });
    const tree = await this.treeOf(facts, offered);
    if (seen !== null) {
      const root = await tree.rootAt(seen.size);
      const beginning = { root, consistency: await tree.consistency(seen.size) };
      if (!equalBytes(root, seen.root)) await this.accuse(facts, { kind: "fork", seen, offered, beginning });
    }
    // Only now, so that a fork that no witness signed is still called one.
    cosignersOf(offered.note, witnessesOf(facts.log), facts.log.quorum);
    await this.remember(facts, offered);
    return tree;
  }

  private async treeOf(facts: SiteFacts, offered: SignedHead): Promise<TileTree> {
    const { last } = this;
    if (last !== null && last.head.size === offered.size && equalBytes(last.head.root, offered.root)) return last;
    return (this.last = await TileTree.open(offered, this.tilesOf(facts)));
  }

  /** Another tab may have seen a newer head meanwhile. */
  private async remember(facts: SiteFacts, { size, signed }: SignedHead): Promise<void> {
    await this.database.change<Kept>("settings", place(facts), (old) => {
      const newer = old!.signed !== null && headOf(old!.signed, facts).size > size;
      return newer ? old : { ...old!, signed };
    });
  }

  private async accuse(facts: SiteFacts, offence: Offence): Promise<never> {
    await keepEvidence(this.database, facts, evidenceOf(facts, offence));
    const { kind, seen, offered } = offence;
    if (kind === "rollback") throw new ProofError("log-older", "", { seen: seen.size, offered: offered!.size });
    throw new ProofError(kind === "fork" ? "log-forked" : "thread-log-differs", "", { seen: seen.size });
  }

  /**
   * Insists that the heads that the voices of a thread have seen are heads of this log: a fork shows itself in public.
   * Throws `thread-log-differs`; or `log-behind` if somebody has seen more of the log than is shown now, as while a
   * witness is slow: it cannot be compared yet. Whoever is still ahead after more than a day was shown another log.
   * `now` is in ms since 1970.
   */
  async checkThread(facts: SiteFacts, thread: string, checkpoints: readonly string[], now: number): Promise<void> {
    if (checkpoints.length === 0) return;
    const claims = [...new Set(checkpoints)].map((text) => ({ text, ...parseCarried(text) }));
    let tree = await this.open(facts);
    let ahead = await this.compare(facts, tree, thread, claims);
    if (ahead.length === 0) return;
    // Not before all others were compared, and the newest head was asked for past every cache.
    tree = await this.open(facts, true);
    ahead = await this.compare(facts, tree, thread, ahead);
    if (ahead.length === 0) return;
    const late = await this.late(facts, tree, ahead, now);
    if (late !== undefined) await this.differs(facts, thread, late);
    throw new ProofError("log-behind", "", { carried: ahead[0]!.size, shown: tree.head.size });
  }

  /** Those that cannot be compared yet. */
  private async compare(facts: SiteFacts, tree: TileTree, thread: string, claims: readonly Claim[]): Promise<Claim[]> {
    for (const { text, size, root } of claims) {
      if (size <= tree.head.size && !equalBytes(await tree.rootAt(size), root)) await this.differs(facts, thread, text);
    }
    return claims.filter(({ size }) => size > tree.head.size);
  }

  private async differs(facts: SiteFacts, thread: string, claimed: string): Promise<never> {
    const { signed } = (await this.database.get<Kept>("settings", place(facts)))!;
    return this.accuse(facts, { kind: "thread", seen: headOf(signed!, facts), thread, claimed });
  }

  /** Notes the day on which each of these was first ahead, and finds one that was so more than a day ago. */
  private async late(facts: SiteFacts, tree: TileTree, ahead: readonly Claim[], now: number): Promise<string | undefined> {
    const today = Math.floor(now / DAY_MS);
    const noted = await this.database.change<Ahead>("settings", `log-ahead/${facts.site}`, (old = {}) => {
      const known = Object.entries(old).filter(([text]) => parseCarried(text).size > tree.head.size);
      const fresh = ahead.filter(({ text }) => !(text in old)).map(({ text }): [string, number] => [text, today]);
      return Object.fromEntries([...known, ...fresh].slice(0, MAX_AHEAD));
    });
    return ahead.find(({ text }) => today - (noted![text] ?? today) > 1)?.text;
  }

  private async bytes(path: string, fresh = false): Promise<Uint8Array> {
    const response = await this.fetcher(`/log/${path}`, fresh);
    if (!response.ok) throw new ProofError("server", path, { status: response.status });
    return new Uint8Array(await response.arrayBuffer());
  }

  /** A partial tile may have given way to the full one. */
  private async tile(tile: Tile): Promise<Uint8Array> {
    try {
      return await this.bytes(tilePath(tile));
    } catch (error) {
      if (isFull(tile) || !isAbsent(error)) throw error;
      return cutTile(await this.bytes(tilePath({ ...tile, width: 256 })), tile.width);
    }
  }

  /** Full tiles are kept on the device. They are checked whenever they are used, so the store need not be trusted. */
  private tilesOf({ site }: SiteFacts): TileSource {
    const { database } = this;
    const key = (tile: Tile): string => `${site}/${tilePath(tile)}`;
    return {
      asked: async (tile) => (isFull(tile) ? await database.get<Uint8Array>("tiles", key(tile)) : undefined) ?? (await this.tile(tile)),
      again: (tile) => this.tile(tile),
      keep: (tile, bytes) => database.put("tiles", key(tile), bytes),
    };
  }
}

/** A head from the device's own store: its signature was checked, under the key of that time. */
function headOf(signed: string, { site }: SiteFacts): SignedHead {
  const note = parseNote(utf8.encode(signed));
  const [origin, size, root] = note.text.split("\n");
  if (origin !== originOf(site)) throw new ProofError("log-malformed", "the head kept here is another log's");
  return { ...parseCarried(`${size} ${root}`), note, signed };
}
