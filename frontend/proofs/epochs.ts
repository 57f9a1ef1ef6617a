/**
 * The epoch of each roster that this device accepted last: what a newer one is compared with (docs/protocol.md §3).
 *
 * An operator who wants to know who is speaking could take most members out of a roster and put keys of its own in
 * their places: the crowd would look as large as before.
 */
import type { Database } from "../device/database.ts";
import { be32, concat, fromBytes } from "./field.ts";
import { LeanIMT, type MerklePath } from "./leanimt.ts";
import type { SiteFacts } from "./messages.ts";
import { TILE, type Gap, type Known, type Paths } from "./paths.ts";
import type { Poseidon } from "./poseidon.ts";
import type { RosterStatement } from "./rosters.ts";

/** Of `before` members of the epoch accepted last, `gone` are not in the new one. */
export interface Removals {
  readonly gone: number;
  readonly before: number;
}

/** More than five and more than 5 %. */
export const tooMany = ({ gone, before }: Removals): boolean => gone > 5 && gone * 20 > before;

/** The 256 leaves, or fewer, among which this member's stands. */
export interface Tile {
  readonly number: number;
  readonly leaves: readonly bigint[];
}

/** What is known of an epoch. `members` are all live leaves, or null where only paths files were seen. */
export interface Epoch extends Known {
  /** The SHA-256 of the signed statement. */
  readonly statement: string;
  readonly tile: Tile | null;
  readonly members: ReadonlySet<bigint> | null;
}

/** All that is known when the whole leaves file is here. Where nobody is looked for, the own tile stays the one of `kept`. */
export function epochOfLeaves(name: string, { epoch, size, live }: RosterStatement, tree: LeanIMT, leaves: readonly bigint[], commitment: bigint | null, kept: Epoch | null = null): Epoch {
  const number = commitment === null ? (kept?.tile?.number ?? -1) : Math.floor(leaves.indexOf(commitment) / TILE);
  const tile = number < 0 ? null : { number, leaves: leaves.slice(number * TILE, (number + 1) * TILE) };
  return { statement: name, epoch, size, live, nodes: tree.tileRoots(), tile, members: new Set(leaves.filter((leaf) => leaf !== 0n)) };
}

/** The epoch of a paths file, and who is gone since `kept`; or why the file does not lead on from there. */
export function epochOfPaths(name: string, { epoch, size, live }: RosterStatement, paths: Paths, kept: Epoch | null, commitment: bigint | null): { readonly found: Epoch; readonly removals: Removals } | Gap {
  const step = kept === null ? { gone: [], joined: [] } : paths.step(kept);
  if (typeof step === "string") return step;
  const members = kept?.members == null ? null : new Set(kept.members);
  for (const leaf of step.gone) members?.delete(leaf);
  for (const leaf of step.joined) members?.add(leaf);
  const found = { statement: name, epoch, size, live, nodes: paths.nodes, tile: tileOf(paths, kept, commitment), members };
  return { found, removals: { gone: step.gone.length, before: kept?.live ?? 0 } };
}

function tileOf(paths: Paths, kept: Epoch | null, commitment: bigint | null): Tile | null {
  // Whoever looks for nobody keeps the own tile: a device without it fetches the whole list when it speaks.
  const listed = commitment === null ? null : paths.find(commitment);
  const own = commitment === null || kept?.tile?.leaves.includes(commitment) === true;
  const number = listed ?? (own ? (kept?.tile?.number ?? null) : null);
  const leaves = number === null ? null : paths.tileNow(number, kept?.tile?.leaves ?? []);
  return leaves === null ? null : { number: number!, leaves };
}

/** The way from a leaf to the root; null without it. */
export function pathIn(poseidon: Poseidon, { tile, nodes }: Epoch, commitment: bigint): MerklePath | null {
  const place = tile === null ? -1 : tile.leaves.indexOf(commitment);
  if (place < 0) return null;
  const inside = LeanIMT.build(poseidon, tile!.leaves).path(place);
  const above = LeanIMT.build(poseidon, nodes).path(tile!.number);
  const index = inside.index | (above.index << inside.siblings.length);
  return { root: above.root, leaf: inside.leaf, index, siblings: [...inside.siblings, ...above.siblings] };
}

/** Whether it is known where a leaf stands, or that it stands nowhere; for null nothing is asked. */
export function tells({ tile, members }: Epoch, commitment: bigint | null): boolean {
  return commitment === null || tile?.leaves.includes(commitment) === true || members?.has(commitment) === false;
}

/** As it lies in the device's database: at most 2 MB a roster. */
interface Stored {
  /** A member who trusts another roster key begins anew; so does a season, whose commitments are all new. */
  readonly key: string;
  readonly season: string;
  readonly statement: string;
  readonly epoch: number;
  readonly size: number;
  readonly live: number;
  readonly nodes: Uint8Array;
  readonly tile: { readonly number: number; readonly leaves: Uint8Array } | null;
  readonly members: Uint8Array | null;
}

/** Forgotten with its season (`device/retention.ts`). */
const place = ({ site, season }: SiteFacts, roster: string): string => `epoch/${site}/${season}/${roster}`;

const pack = (elements: Iterable<bigint>): Uint8Array => concat(...Array.from(elements, be32));

function unpack(bytes: Uint8Array): bigint[] {
  return Array.from({ length: bytes.length / 32 }, (_, i) => fromBytes(bytes.subarray(32 * i, 32 * i + 32)));
}

/** The epoch accepted last, or null. */
export async function keptEpoch(database: Database, facts: SiteFacts, roster: string): Promise<Epoch | null> {
  const kept = await database.get<Stored>("settings", place(facts, roster));
  if (kept === undefined || kept.key !== facts.roster_key || kept.season !== facts.season) return null;
  const { statement, epoch, size, live, nodes, tile, members } = kept;
  const own = tile === null ? null : { number: tile.number, leaves: unpack(tile.leaves) };
  return { statement, epoch, size, live, nodes: unpack(nodes), tile: own, members: members === null ? null : new Set(unpack(members)) };
}

/** What `leaves` lack of the epoch accepted last, however many lie between; null where only paths files were seen. */
export function removalsIn(kept: Epoch | null, leaves: readonly bigint[]): Removals | null {
  if (kept === null) return { gone: 0, before: 0 };
  if (kept.members === null) return null;
  const gone = new Set(kept.members);
  for (const leaf of leaves) gone.delete(leaf);
  return { gone: gone.size, before: kept.members.size };
}

/** Keeps an epoch as the one to compare with from now on. */
export async function acceptEpoch(database: Database, facts: SiteFacts, roster: string, found: Epoch): Promise<void> {
  const { roster_key: key, season } = facts;
  const { statement, epoch, size, live, nodes, tile, members } = found;
  const own = tile === null ? null : { number: tile.number, leaves: pack(tile.leaves) };
  const stored: Stored = { key, season, statement, epoch, size, live, nodes: pack(nodes), tile: own, members: members === null ? null : pack(members) };
  await database.put("settings", place(facts, roster), stored);
}
