/** How long the composer's texts may be, as the site publishes it. */
import type { Site } from "./api.ts";

/** The fields whose characters are counted, each with the name of its limit in the site's facts. */
const COUNTED = { title: "title", body: "text" } as const;

export const countedFields = Object.keys(COUNTED);

/** The characters that a field may have; null for one that is not counted, and while the site has not answered. */
export function limitOf(limits: Site["limits"] | null, field: string): number | null {
  return Object.hasOwn(COUNTED, field) ? (limits?.[COUNTED[field as keyof typeof COUNTED]] ?? null) : null;
}

/** By how many characters a text is too long. Without a limit by none: the worker refuses what no site takes. */
export function excess(limits: Site["limits"] | null, field: string, text: string): number {
  return Math.max(0, [...text.trim()].length - (limitOf(limits, field) ?? Infinity));
}
