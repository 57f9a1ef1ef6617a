/**
 * What is in force, as the log's newest entry says (docs/protocol.md §9): where the ban lists and the artifacts stand
 * that no later entry replaces.
 *
 * A ban list, a number of slots or a key that one member alone is shown would tell that member's join from all others.
 * So a client uses what the newest head names, which is the same for everybody who sees that head.
 */
import type { BanList } from "../bans.ts";
import { canonicalJson } from "../encoding.ts";
import { ProofError } from "../errors.ts";
import { equalBytes } from "../field.ts";
import { exactKeys, parseCanonical, parseCount, parseSeason, type Fields } from "../schema.ts";
import { unpackEntries, type LogSource } from "./deep.ts";
import type { TileTree } from "./tiles.ts";
import { leafHash } from "./tree.ts";

const WIDTH = 256;
/** A longer list is logged by its hash alone (`openmai.anonymity.log.entries`). */
const MAX_LIST = 60_000;
const PLACE = ["type", "site", "season"] as const;

interface Place {
  readonly index: number;
  readonly serial: number;
}

export interface Standing {
  readonly artifacts: number;
  readonly bans: ReadonlyMap<string, Place>;
}

/** What a gate proof is made with, by its SHA-256, and K. */
export interface GateInUse {
  readonly wasm: string;
  readonly zkey: string;
  readonly vkey: string;
  readonly slots: number;
}

const nothing = (detail: string): never => {
  throw new ProofError("nothing-standing", detail);
};

/** An entry, read with all others of its file, so that what is asked for is the same for everybody; checked. */
async function entryAt(tree: TileTree, source: LogSource, index: number): Promise<Fields> {
  if (index >= tree.head.size) return nothing("outside the log");
  const tile = Math.floor(index / WIDTH);
  const width = Math.min(WIDTH, tree.head.size - tile * WIDTH);
  const entries = [...unpackEntries(await source.entries(tile, width), width)];
  const entry = entries[index % WIDTH]!;
  if (!equalBytes(leafHash(entry), await tree.leaf(index))) throw new ProofError("log-altered", "", { tile: `entries/${tile}` });
  return parseCanonical(entry) as Fields;
}

/** The newest entry of the log. Throws `nothing-standing`, or `log-altered`. */
export async function readStanding(tree: TileTree, source: LogSource): Promise<Standing> {
  if (tree.head.size === 0) return nothing("an empty log");
  const entry = await entryAt(tree, source, tree.head.size - 1);
  if (entry["type"] !== "openmai/log/standing/v1") return nothing("the newest entry");
  const { artifacts, bans } = exactKeys(entry, [...PLACE, "artifacts", "bans"]);
  const listed = Object.entries(bans as Fields).map(([season, place]): [string, Place] => {
    const { index, serial } = exactKeys(place, ["index", "serial"]);
    return [parseSeason(season), { index: parseCount(index, "index"), serial: parseCount(serial, "serial", 1) }];
  });
  return { artifacts: parseCount(artifacts, "artifacts"), bans: new Map(listed) };
}

/** The hash of the entry of a list, from the list's own bytes. */
function bansLeaf({ site, season, serial, sha256 }: BanList, bytes: Uint8Array): Uint8Array {
  const list = bytes.length <= MAX_LIST ? parseCanonical(bytes) : null;
  return leafHash(canonicalJson({ type: "openmai/log/bans/v1", site, season, list, serial, sha256 }));
}

/** Insists that a list is the newest of its season in the log. Throws `bans-outdated` or `bans-not-logged`. */
export async function checkBans(tree: TileTree, { bans }: Standing, list: BanList, bytes: Uint8Array): Promise<void> {
  const { serial, season } = list;
  const place = bans.get(season);
  const logged = place?.serial ?? 0;
  if (serial < logged) throw new ProofError("bans-outdated", "", { serial, logged });
  // A season begins with the empty list, which nobody logs.
  if (serial === 0 && list.bans.length === 0) return;
  const stands = place !== undefined && serial === logged && place.index < tree.head.size && equalBytes(await tree.leaf(place.index), bansLeaf(list, bytes));
  if (!stands) throw new ProofError("bans-not-logged", "", { serial });
}

/** Insists that keys, circuit and slots are what the log names last. Throws `slots-not-logged` or `gate-not-logged`. */
export async function checkGate(tree: TileTree, source: LogSource, { artifacts }: Standing, used: GateInUse): Promise<void> {
  const entry = await entryAt(tree, source, artifacts);
  if (entry["type"] !== "openmai/log/artifacts/v1") return nothing("the artifacts");
  const { gate, slots } = exactKeys(entry, [...PLACE, "semaphore", "gate", "slots"]);
  if (slots !== used.slots) throw new ProofError("slots-not-logged", "", { slots: used.slots, logged: parseCount(slots, "slots") });
  const logged = exactKeys(gate, ["gate.wasm", "gate.zkey", "gate.vkey.json"]);
  const same = logged["gate.wasm"] === used.wasm && logged["gate.zkey"] === used.zkey && logged["gate.vkey.json"] === used.vkey;
  if (!same) throw new ProofError("gate-not-logged");
}
