/**
 * The day's slots: a member may enter `slots` threads a day, and which of them a join uses stays private.
 *
 * A slot belongs to one action for good, also when that is thrown away: the server may have seen its rate nullifier,
 * and a second action under the same one would be known for the same member's. The same action proved again uses it again.
 */
import type { Database } from "../device/database.ts";
import { ProofError } from "./errors.ts";
import { fromBytes } from "./field.ts";
import type { RandomSource } from "./identity.ts";

/** For each day, what each used slot went to: the id of an action, or "" if another device of the member's used it. */
type Used = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Days are forgotten once this many newer ones are known; the server forgets sooner. */
const DAYS_KEPT = 4;

/** The UTC day of a moment in ms since 1970. */
export const dayOf = (moment: number): string => new Date(moment).toISOString().slice(0, 10);

/** A uniformly random number below `bound` (at most 256), by rejection. */
function below(bound: number, random: RandomSource): number {
  for (;;) {
    const byte = Number(fromBytes(random(new Uint8Array(1))));
    if (byte < 256 - (256 % bound)) return byte % bound;
  }
}

export interface SlotRequest {
  readonly day: string;
  readonly slots: number;
  readonly action: string;
  /** The server says that the slot of this action is used already: by another device of the member's. */
  readonly taken?: boolean;
}

function choose(used: Used, { day, slots, action, taken = false }: SlotRequest, random: RandomSource): [number, Used] {
  const today = { ...used[day] };
  const known = Object.keys(today).find((slot) => today[slot] === action && Number(slot) < slots);
  if (known !== undefined && !taken) return [Number(known), used];
  if (known !== undefined) today[known] = "";
  const free = Array.from({ length: slots }, (_, slot) => slot).filter((slot) => !(slot in today));
  if (free.length === 0) throw new ProofError("rate-exhausted", "", { slots, day });
  const slot = free[below(free.length, random)]!;
  const days = Object.entries({ ...used, [day]: { ...today, [slot]: action } }).sort(([a], [b]) => (a < b ? 1 : -1));
  return [slot, Object.fromEntries(days.slice(0, DAYS_KEPT))];
}

/** Finds a slot for an action and keeps it, in one transaction, so that two tabs never take the same. Throws `rate-exhausted`. */
export async function takeSlot(database: Database, site: string, request: SlotRequest, random: RandomSource): Promise<number> {
  const place = `slots/${site}`;
  // Two steps, because a refusal inside the transaction would be lost: what cannot be had is not written.
  let taken: number | ProofError = 0;
  await database.change<Used>("settings", place, (old) => {
    try {
      const [slot, used] = choose(old ?? {}, request, random);
      taken = slot;
      return used;
    } catch (error) {
      taken = error as ProofError;
      return old;
    }
  });
  const result = taken as number | ProofError;
  if (result instanceof ProofError) throw result;
  return result;
}
