/**
 * Rosters from the talk site's mirror, checked in full before anything is proved under them.
 *
 * The mirror is asked, never the people site: that would tell the real-name side who is about to speak.
 */
import type { Database } from "../device/database.ts";
import { sha256 } from "./encoding.ts";
import { ProofError } from "./errors.ts";
import type { Fetch } from "./artifacts.ts";
import { parseHex, toHex } from "./field.ts";
import type { LeanIMT } from "./leanimt.ts";
import type { Progress, SiteFacts } from "./messages.ts";
import type { Poseidon } from "./poseidon.ts";
import { checkBelongs, checkLeaves, checkTree, openIndex, openStatement } from "./rosters.ts";
import type { RosterIndex, RosterStatement } from "./rosters.ts";
import { parseCanonical } from "./schema.ts";

interface Pins {
  /** The roster key first seen, in hex. */
  readonly key: string;
  /** The highest serial seen: an older index could hide a removal or bring back an old roster. */
  readonly serial: number;
}

export interface CheckedRoster {
  readonly statement: RosterStatement;
  readonly leaves: readonly bigint[];
}

export class Mirror {
  private readonly trees = new Map<string, LeanIMT>();

  constructor(
    private readonly fetcher: Fetch,
    private readonly database: Database,
  ) {}

  private async bytes(path: string): Promise<Uint8Array> {
    const response = await this.fetcher(path);
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

  private async index(facts: SiteFacts): Promise<RosterIndex> {
    const { serial } = await this.pins(facts);
    const index = openIndex(await this.bytes("/rosters/index.json"), parseHex(facts.roster_key, 32, "roster key"));
    if (index.site !== facts.site || index.season !== facts.season) throw new ProofError("bad-roster", "index of another site or season");
    if (index.serial < serial) throw new ProofError("roster-older", "", { seen: serial, offered: index.serial });
    await this.database.change<Pins>("settings", `pins/${facts.site}`, (old) => ({ ...old!, serial: Math.max(old!.serial, index.serial) }));
    return index;
  }

  /** The current epoch of `roster`: signature, hashes and leaves checked. The tree is built by `tree`. */
  async roster(facts: SiteFacts, roster: string): Promise<CheckedRoster> {
    const entry = (await this.index(facts)).rosters.find((each) => each.roster === roster);
    if (entry === undefined) throw new ProofError("roster-unknown", roster);
    const envelope = await this.addressed(`/rosters/statements/${entry.statement}.json`, entry.statement);
    const { statement } = openStatement(parseCanonical(envelope), parseHex(facts.roster_key, 32, "roster key"));
    checkBelongs(statement, entry, facts);
    const leaves = checkLeaves(statement, await this.addressed(`/rosters/leaves/${statement.leaves}.bin`, statement.leaves));
    return { statement, leaves };
  }

  /** The tree of a checked roster, with the statement's root; kept, because a member often speaks twice in an epoch. */
  tree(poseidon: Poseidon, { statement, leaves }: CheckedRoster, report: (progress: Progress) => void): LeanIMT {
    const known = this.trees.get(statement.leaves);
    if (known !== undefined && known.root === statement.root) return known;
    const tree = checkTree(poseidon, statement, leaves, (done) => report({ stage: "hashing", done, total: 1 }));
    this.trees.clear(); // one at a time: a tree of a million leaves takes 64 MB
    this.trees.set(statement.leaves, tree);
    return tree;
  }
}

/** First 16 hex digits of the SHA-256 of a key, as people compare it. */
export function fingerprint(keyHex: string): string {
  return toHex(sha256(parseHex(keyHex, 32, "key"))).slice(0, 16);
}
