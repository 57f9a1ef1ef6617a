/** Seasons: whole spans of 90 days since 1970-01-01 (UTC). A secret belongs to one. */
import { ProofError } from "./errors.ts";

const SEASON_MS = 90 * 86_400_000;
const GRACE_MS = 14 * 86_400_000;

const numberOf = (season: string): number => Number(season.slice(1));

/** The id of the season that a moment, in ms since 1970, lies in. */
export const seasonAt = (now: number): string => `s${Math.floor(now / SEASON_MS)}`;

/** Throws `season-differs` unless the site's season is that of this device's clock: an old one would draw out an old secret. */
export function checkSeason(found: string, now: number): void {
  const expected = seasonAt(now);
  if (found !== expected) throw new ProofError("season-differs", "", { found, expected });
}

/** When another season begins, in ms since 1970. */
export const endsAt = (season: string): number => (numberOf(season) + 1) * SEASON_MS;

/** When a season's threads close and its secrets are deleted, in ms since 1970. */
export const closesAt = (season: string): number => endsAt(season) + GRACE_MS;

/** Whether its threads can be answered: the current season, and the past one for two weeks. */
export const isOpen = (season: string, now: number): boolean => numberOf(season) * SEASON_MS <= now && now < closesAt(season);

/** The current season, and the past one while its threads are open. */
export function openSeasons(now: number): readonly string[] {
  const past = seasonAt(now - SEASON_MS);
  return isOpen(past, now) ? [seasonAt(now), past] : [seasonAt(now)];
}

/** Throws `season-differs` unless one may speak in this season's threads now. */
export function checkOpen(found: string, now: number): void {
  if (!isOpen(found, now)) throw new ProofError("season-differs", "", { found, expected: seasonAt(now) });
}
