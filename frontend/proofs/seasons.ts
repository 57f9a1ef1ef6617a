/** Seasons: whole spans of 90 days since 1970-01-01 (UTC). A secret belongs to one. */
import { ProofError } from "./errors.ts";

const SEASON_MS = 90 * 86_400_000;

/** The id of the season that a moment, in ms since 1970, lies in. */
export const seasonAt = (now: number): string => `s${Math.floor(now / SEASON_MS)}`;

/** Throws `season-differs` unless the site's season is that of this device's clock: an old one would draw out an old secret. */
export function checkSeason(found: string, now: number): void {
  const expected = seasonAt(now);
  if (found !== expected) throw new ProofError("season-differs", "", { found, expected });
}
