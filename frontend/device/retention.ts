/**
 * What is kept no longer than it is needed: when a season's threads have closed, its secret, its personas, its outbox and its
 * rosters go from this device. A secret that is gone cannot be demanded.
 *
 * A clock that is set wrong must not cost a key that is needed still, so nothing goes before the site's clock says so too, as
 * far as it can be asked.
 */
import { closesAt, openSeasons } from "../proofs/seasons.ts";
import type { Database } from "./database.ts";
import { readOutbox } from "./outbox.ts";
import type { PersonaNote } from "./personas.ts";
import { unseal, type SealedBox } from "./sealed.ts";

/** Clocks that differ by less are told nobody. */
const TOLERANCE_MS = 900_000;
const [SWEPT, AHEAD] = ["swept", "ahead"];

/** Seasons whose secrets were deleted; those that are over by this device's clock and not by the site's. */
export interface Swept {
  readonly gone: readonly string[];
  readonly held: readonly string[];
}

const NOTHING: Swept = { gone: [], held: [] };

/** Deletes what is over. `siteClock` gives the site's time less the device's in ms, or null if it cannot be asked. */
export async function sweep(database: Database, now: number, siteClock: () => Promise<number | null>): Promise<Swept> {
  if ((await database.get<string>("settings", SWEPT)) === openSeasons(now).at(-1)) return NOTHING;
  // Who has no key asks for nothing: a reader's visit is a page and no more.
  const clock = (await database.keys("secrets")).length > 0 ? siteClock : () => Promise.resolve(null);
  const moment = now - Math.max(0, await aheadOfSite(database, clock));
  const open = openSeasons(moment);
  const over = (season: string): boolean => closesAt(season) <= moment;
  const held = (await seasonsOf(database)).filter((season) => closesAt(season) <= now && !over(season));
  const gone = await deleteSecrets(database, over);
  await deleteTraces(database, over);
  await database.put("settings", SWEPT, open.at(-1));
  return { gone, held };
}

/** By how many ms this device's clock is ahead of the site's: as it is now, else as it was when they last met. */
async function aheadOfSite(database: Database, siteClock: () => Promise<number | null>): Promise<number> {
  const offset = await siteClock();
  if (offset === null) return (await database.get<number>("settings", AHEAD)) ?? 0;
  const ahead = Math.abs(offset) > TOLERANCE_MS ? -offset : 0;
  await database.put("settings", AHEAD, ahead);
  return ahead;
}

const seasonOf = (key: string): string => key.slice(key.lastIndexOf("/") + 1);

async function seasonsOf(database: Database): Promise<string[]> {
  return (await database.keys("secrets")).map(seasonOf);
}

async function deleteSecrets(database: Database, over: (season: string) => boolean): Promise<string[]> {
  const keys = (await database.keys("secrets")).filter((key) => over(seasonOf(key)));
  for (const key of keys) await database.delete("secrets", key);
  return keys.map(seasonOf);
}

/** What would tell where the member spoke, and for whom. A record that cannot be read any more is of no use either. */
async function deleteTraces(database: Database, over: (season: string) => boolean): Promise<void> {
  for (const thread of await database.keys("personas")) {
    const box = await database.get<SealedBox>("personas", thread);
    const note = box && (await unseal<PersonaNote>(database, "personas", thread, box).catch(() => null));
    if (note === null || (note !== undefined && over(note.season))) await database.delete("personas", thread);
  }
  for (const { action, season } of await readOutbox(database).catch(() => [])) if (over(season)) await database.delete("outbox", action);
  for (const key of await database.keys("settings")) {
    const season = /^(?:epoch|index|bans)\/[^/]+\/(s[0-9]+)(?:\/|$)/.exec(key)?.[1];
    if (season !== undefined && over(season)) await database.delete("settings", key);
  }
}
