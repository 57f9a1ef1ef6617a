/** Reading documents that somebody else wrote: a field too many, or one too few, is refused. */
import { canonicalJson, sha256 } from "./encoding.ts";
import { ProofError } from "./errors.ts";
import { equalBytes } from "./field.ts";

export type Fields = Readonly<Record<string, unknown>>;

const SITE = /^[a-z0-9][a-z0-9.-]{0,63}$/;
const SEASON = /^s(?:0|[1-9][0-9]{0,5})$/;
const SLUG = "[a-z0-9][a-z0-9-]{0,62}";
const ROSTER = new RegExp(`^(?:site|(?:company|industry)/${SLUG}/(?:provable|attested))(?:#(?:[2-9]|[1-9][0-9]{1,3}))?$`);
const DATE = /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$/;

const refuse = (what: string): never => {
  throw new ProofError("not-canonical", what);
};

/** `value` as an object with exactly these fields. */
export function exactKeys(value: unknown, names: readonly string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse("not an object");
  const found = Object.keys(value);
  const unknown = found.find((name) => !names.includes(name));
  if (unknown !== undefined) return refuse(`unknown field ${unknown}`);
  const missing = names.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) return refuse(`missing field ${missing}`);
  return value as Fields;
}

function matching(pattern: RegExp, name: string) {
  return (value: unknown): string => (typeof value === "string" && pattern.test(value) ? value : refuse(`${name} is malformed`));
}

export const parseSite = matching(SITE, "site");
export const parseSeason = matching(SEASON, "season");
export const parseRosterId = matching(ROSTER, "roster");
export const parseSlug = matching(new RegExp(`^${SLUG}$`), "slug");
/** A company's slug, or "industry/" and a trade. */
export const parseLabelSlug = matching(new RegExp(`^(?:industry/)?${SLUG}$`), "slug");
export const parseDate = matching(DATE, "date");

export function parseCount(value: unknown, name: string, least = 0): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= least ? value : refuse(`${name} is no count`);
}

export function parseText(value: unknown, name: string): string {
  return typeof value === "string" ? value : refuse(`${name} is no text`);
}

/** Parses JSON and insists that the bytes are the document's one canonical form. */
export function parseCanonical(bytes: Uint8Array): unknown {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return refuse("not JSON");
  }
  return equalBytes(canonicalJson(document), bytes) ? document : refuse("not canonical JSON");
}

/** The id of a document: the SHA-256 of its canonical JSON. */
export const documentId = (document: unknown): Uint8Array<ArrayBuffer> => sha256(canonicalJson(document));
