/**
 * Rosters from the talk site's mirror, checked in full before anything is proved under them.
 *
 * The mirror is asked, never the people site: that would tell the real-name side who is about to speak.
 */
import type { Database } from "../device/database.ts";
import { fingerprint, sha256 } from "./encoding.ts";
import { acceptEpoch, epochOfLeaves, epochOfPaths, keptEpoch, pathIn, removalsIn, tells, tooMany, type Epoch, type Removals } from "./epochs.ts";
import { ProofError } from "./errors.ts";
import type { Fetch } from "./artifacts.ts";
import { parseHex, toHex } from "./field.ts";
import type { MerklePath } from "./leanimt.ts";
import { epochHead, type Listed } from "./log/entries.ts";
import { LogWatch } from "./log/watch.ts";
import type { Progress, SiteFacts } from "./messages.ts";
import { Paths, type Gap } from "./paths.ts";
import type { Poseidon } from "./poseidon.ts";
import { checkBelongs, checkLeaves, checkTree, MAX_SHARD, openIndex, openStatement, shardBefore, wholeRoster } from "./rosters.ts";
import type { RosterIndex, RosterStatement } from "./rosters.ts";
import { parseCanonical } from "./schema.ts";

interface Pins {
  /** The roster key first seen, in hex. */
  readonly key: string;
  /** The highest serial seen: an older index could hide a removal or bring back an old roster. */
  readonly serial: number;
  /** The SHA-256 of the index of that serial; absent in pins of an older version. */
  readonly index?: string;
}

/** What was last seen of a season's indexes: known still when the next season's have begun. */
type Seen = Pick<Pins, "serial" | "index">;
const seenPlace = ({ site, season }: SiteFacts): string => `index/${site}/${season}`;

/** No fewer, whatever the site says of its own floor: a crowd of two is not one. */
export const SMALLEST_CROWD = 20;

/** Up to so many leaves everybody fetches the leaves file: it is no longer than a paths file. */
const MAX_WHOLE = 1_024;

type Report = (progress: Progress) => void;

export interface CheckedRoster {
  readonly statement: RosterStatement;
  /** From the leaf that was asked for to the root; null without it. */
  readonly path: MerklePath | null;
  /** The head of the log just behind the epoch's entry, as a join carries it. */
  readonly checkpoint: string;
}

/** What the index, the statement and the log say of a roster, before its leaves are looked at. */
interface Named {
  readonly name: string;
  readonly statement: RosterStatement;
  readonly checkpoint: string;
}

/** Of a device that saw only paths files, and of which the newest one does not lead on from there. */
function unchained({ roster, epoch, live }: RosterStatement, kept: Epoch, gap: Gap): ProofError {
  if (gap === "short") return new ProofError("roster-cut-short", "", { roster });
  if (gap === "many") return new ProofError("roster-remade", "", { roster, epoch, before: kept.live, live });
  return new ProofError("roster-unchained", "", { roster, epoch });
}

/** Which files it asks for depends on the roster's size and on what the device kept, never on the member's place. */
export class Mirror {
  constructor(
    private readonly fetcher: Fetch,
    private readonly database: Database,
    private readonly poseidon: Poseidon,
    private readonly log = new LogWatch(fetcher, database),
    private readonly wholeUpTo = MAX_WHOLE,
  ) {}

  private async bytes(path: string, fresh = false): Promise<Uint8Array> {
    const response = await this.fetcher(path, fresh);
    if (!response.ok) throw new ProofError("server", path, { status: response.status });
    return new Uint8Array(await response.arrayBuffer());
  }

  private async addressed(path: string, hash: string): Promise<Uint8Array> {
    const bytes = await this.bytes(path);
    if (toHex(sha256(bytes)) !== hash) throw new ProofError("bad-roster", `${path} has other content than its name says`);
    return bytes;
  }

  /** Pins the roster key on first use; throws `roster-key-changed` when the site later names another. */
  private async pins(facts: SiteFacts): Promise<Pins> {
    const pins = await this.database.change<Pins>("settings", `pins/${facts.site}`, (old) => old ?? { key: facts.roster_key, serial: 0 });
    if (pins!.key !== facts.roster_key) {
      throw new ProofError("roster-key-changed", "", { pinned: fingerprint(pins!.key), offered: fingerprint(facts.roster_key) });
    }
    return pins!;
  }

  /** Accepts the key that the site names now: the member has compared it with the published one. */
  async trust(facts: SiteFacts): Promise<void> {
    await this.database.put("settings", `pins/${facts.site}`, { key: facts.roster_key, serial: 0 });
  }

  private async index(facts: SiteFacts, fresh: boolean): Promise<RosterIndex> {
    const pins = await this.pins(facts);
    const { serial, index: seen } = facts.past ? ((await this.database.get<Seen>("settings", seenPlace(facts))) ?? { serial: 0 }) : pins;
    const bytes = await this.bytes(facts.past ? `/rosters/${facts.season}/index.json` : "/rosters/index.json", fresh);
    const hash = toHex(sha256(bytes));
    const index = openIndex(bytes, parseHex(facts.roster_key, 32, "roster key"));
    if (index.site !== facts.site || index.season !== facts.season) throw new ProofError("bad-roster", "index of another site or season");
    if (index.serial < serial) throw new ProofError("roster-older", "", { seen: serial, offered: index.serial });
    // Two lists for two members: whoever gets the rarer one stands in a smaller crowd.
    if (index.serial === serial && seen !== undefined && seen !== hash) throw new ProofError("index-forked", "", { serial });
    const newer = { serial: index.serial, index: hash };
    if (!facts.past) await this.database.change<Pins>("settings", `pins/${facts.site}`, (old) => (old!.serial > index.serial ? old : { ...old!, ...newer }));
    await this.database.change<Seen>("settings", seenPlace(facts), (old) => (old !== undefined && old.serial > index.serial ? old : newer));
    return index;
  }

  /** These rosters with all their shards, in order; one that the index lacks stays as it is, to be refused by its name. */
  async shards(facts: SiteFacts, rosters: readonly string[]): Promise<string[]> {
    const listed = (await this.index(facts, false)).rosters.map(({ roster }) => roster);
    const number = (roster: string): number => Number(roster.split("#")[1] ?? 1);
    return rosters.flatMap((whole) => {
      const found = listed.filter((roster) => wholeRoster(roster) === whole).sort((a, b) => number(a) - number(b));
      return found.length > 0 ? found : [whole];
    });
  }

  /**
   * The current epoch of `roster`: signature, hashes, nodes and place in the log checked, and kept as the last one
   * accepted. Throws `roster-shrunk` if too many are gone of those whom the epoch accepted before had.
   */
  async roster(facts: SiteFacts, roster: string, commitment: bigint | null = null, report: Report = () => {}): Promise<CheckedRoster> {
    const named = await this.current(facts, roster);
    const { statement, checkpoint } = named;
    const { found, removals } = await this.epoch(facts, named, commitment, report);
    if (tooMany(removals)) throw new ProofError("roster-shrunk", "", { roster, epoch: statement.epoch, ...removals });
    await acceptEpoch(this.database, facts, roster, found);
    return { statement, checkpoint, path: commitment === null ? null : pathIn(this.poseidon, found, commitment) };
  }

  /** What this device comes to know of an epoch, by as few bytes as will do. */
  private async epoch(facts: SiteFacts, named: Named, commitment: bigint | null, report: Report): Promise<{ found: Epoch; removals: Removals }> {
    const { name, statement } = named;
    const kept = await keptEpoch(this.database, facts, statement.roster);
    if (kept?.statement === name && tells(kept, commitment)) return { found: kept, removals: { gone: 0, before: kept.live } };
    let proved: Removals | null = null;
    let gap: Gap = "far";
    if (statement.size > this.wholeUpTo) {
      const paths = Paths.check(this.poseidon, statement, await this.addressed(`/rosters/paths/${statement.paths}.bin`, statement.paths));
      const next = epochOfPaths(name, statement, paths, kept, commitment);
      if (next === "altered") throw new ProofError("roster-altered", "", { roster: statement.roster });
      if (typeof next === "string") gap = next;
      else if (tooMany(next.removals) || tells(next.found, commitment)) return next;
      else proved = next.removals;
    }
    const { found, leaves } = await this.whole(named, kept, commitment, report);
    const removals = proved ?? removalsIn(kept, leaves);
    if (removals === null) throw unchained(statement, kept!, gap);
    return { found, removals };
  }

  private async whole({ name, statement }: Named, kept: Epoch | null, commitment: bigint | null, report: Report): Promise<{ found: Epoch; leaves: readonly bigint[] }> {
    const leaves = checkLeaves(statement, await this.addressed(`/rosters/leaves/${statement.leaves}.bin`, statement.leaves));
    const tree = checkTree(this.poseidon, statement, leaves, (done) => report({ stage: "hashing", done, total: 1 }));
    return { found: epochOfLeaves(name, statement, tree, leaves, commitment, kept), leaves };
  }

  /** Accepts an epoch that lost many members: the member knows why. Another one than that is looked at anew. */
  async accept(facts: SiteFacts, roster: string, epoch: number, commitment: bigint | null = null): Promise<void> {
    const named = await this.current(facts, roster); // logged it must be, whatever the member accepts
    if (named.statement.epoch !== epoch) return void (await this.roster(facts, roster, commitment));
    const kept = await keptEpoch(this.database, facts, roster);
    await acceptEpoch(this.database, facts, roster, (await this.whole(named, kept, commitment, () => {})).found);
  }

  /** An epoch may come between the index and the list of places, or one of them from a cache: then both are asked anew, once. */
  private async current(facts: SiteFacts, roster: string): Promise<Named> {
    try {
      return await this.look(facts, roster, false);
    } catch (error) {
      if (!(error instanceof ProofError) || error.code !== "roster-not-logged") throw error;
      return this.look(facts, roster, true);
    }
  }

  /** A shard that opens while the one before has room is a crowd set apart. Throws `shard-early`. */
  private async look(facts: SiteFacts, roster: string, fresh: boolean): Promise<Named> {
    const before = shardBefore(roster);
    const named = await this.named(facts, roster, fresh);
    if (before === null) return named;
    const full = await this.named(facts, before, fresh).catch((error: unknown) => {
      const unlisted = error instanceof ProofError && error.code === "roster-unknown" && error.parameters["status"] === undefined;
      if (unlisted) return null;
      throw error;
    });
    if (full === null || full.statement.size < MAX_SHARD) throw new ProofError("shard-early", "", { roster, before });
    return named;
  }

  private async named(facts: SiteFacts, roster: string, fresh: boolean): Promise<Named> {
    const entry = (await this.index(facts, fresh)).rosters.find((each) => each.roster === roster);
    if (entry === undefined) throw new ProofError("roster-unknown", roster);
    const envelope = parseCanonical(await this.addressed(`/rosters/statements/${entry.statement}.json`, entry.statement).catch((error: unknown) => {
      // The talk site holds an epoch back that it could not check.
      if (error instanceof ProofError && error.parameters["status"] === 404) throw new ProofError("roster-unknown", roster, { status: 404 });
      throw error;
    }));
    const { statement } = openStatement(envelope, parseHex(facts.roster_key, 32, "roster key"));
    checkBelongs(statement, entry, facts);
    const checkpoint = await epochHead(await this.log.open(facts, fresh), statement, envelope, await this.listed(facts, fresh));
    return { statement, name: entry.statement, checkpoint };
  }

  /** Where the server says that each epoch stands in the log. */
  private async listed(facts: SiteFacts, fresh: boolean): Promise<readonly Listed[]> {
    const bytes = await this.bytes(facts.past ? `/api/v1/rosters?season=${facts.season}` : "/api/v1/rosters", fresh);
    try {
      const { rosters } = JSON.parse(new TextDecoder().decode(bytes)) as { rosters: unknown };
      if (Array.isArray(rosters)) return rosters as Listed[];
    } catch {
      // The same as a list that lacks the roster.
    }
    return [];
  }
}
