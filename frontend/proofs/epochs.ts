/**
 * The epoch of each roster that this device accepted last: what a newer one is compared with (docs/protocol.md §3).
 *
 * An operator who wants to know who is speaking could take most members out of a roster and put keys of its own in
 * their places: the crowd would look as large as before.
 */
import type { Database } from "../device/database.ts";
import { be32, concat, fromBytes } from "./field.ts";
import type { SiteFacts } from "./messages.ts";

/** Of `before` members of the epoch accepted last, `gone` are not in the new one. */
export interface Removals {
  readonly gone: number;
  readonly before: number;
}

/** More than five and more than 5 %. */
export const tooMany = ({ gone, before }: Removals): boolean => gone > 5 && gone * 20 > before;

interface Accepted {
  /** A member who trusts another roster key begins anew; so does a season, whose commitments are all new. */
  readonly key: string;
  readonly season: string;
  /** The SHA-256 of the signed statement. */
  readonly statement: string;
  readonly live: Uint8Array;
}

/** Forgotten with its season (`device/retention.ts`). */
const place = ({ site, season }: SiteFacts, roster: string): string => `epoch/${site}/${season}/${roster}`;

function members({ live }: Accepted): Set<bigint> {
  const found = new Set<bigint>();
  for (let i = 0; i < live.length; i += 32) found.add(fromBytes(live.subarray(i, i + 32)));
  return found;
}

/** What `leaves` lack of the epoch accepted last, however many lie between. All is well with a roster never seen here. */
export async function removalsIn(database: Database, facts: SiteFacts, roster: string, leaves: readonly bigint[]): Promise<Removals> {
  const kept = await database.get<Accepted>("settings", place(facts, roster));
  if (kept === undefined || kept.key !== facts.roster_key || kept.season !== facts.season) return { gone: 0, before: 0 };
  const gone = members(kept);
  const before = gone.size;
  for (const leaf of leaves) gone.delete(leaf);
  return { gone: gone.size, before };
}

/** Keeps an epoch as the one to compare with from now on. */
export async function acceptEpoch(database: Database, facts: SiteFacts, roster: string, statement: string, leaves: readonly bigint[]): Promise<void> {
  const { roster_key: key, season } = facts;
  await database.change<Accepted>("settings", place(facts, roster), (old) => {
    if (old?.statement === statement && old.key === key) return old;
    return { key, season, statement, live: concat(...leaves.filter((leaf) => leaf !== 0n).map(be32)) };
  });
}
