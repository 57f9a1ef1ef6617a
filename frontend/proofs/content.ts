/** Openings and replies: canonical JSON whose SHA-256 is its id (docs/protocol.md §4). */
import { ProofError } from "./errors.ts";
import { toHex } from "./field.ts";
import { exactKeys, parseSeason, parseSite, parseText, type Fields } from "./schema.ts";

export interface Opening {
  readonly type: "openmai/thread/v1";
  readonly site: string;
  readonly season: string;
  readonly section: string;
  readonly title: string;
  readonly body: string;
  readonly nonce: string;
}

export interface Reply {
  readonly type: "openmai/reply/v1";
  readonly site: string;
  readonly season: string;
  readonly thread: string;
  readonly parent: string | null;
  readonly body: string;
  readonly nonce: string;
}

export type Content = Opening | Reply;

export const LIMITS = { title: 120, body: 10_000 } as const;

const OPENING_FIELDS = ["type", "site", "season", "section", "title", "body", "nonce"];
const REPLY_FIELDS = ["type", "site", "season", "thread", "parent", "body", "nonce"];
const HASH = /^[0-9a-f]{64}$/;
const NONCE = /^[0-9a-f]{32}$/;
const SECTION = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Text as it is hashed: tabs and line ends made plain, control characters and half surrogates gone, NFC, trimmed. */
export function normalise(text: string): string {
  const plain = text.replace(/\r\n?/g, "\n").replaceAll("\t", "    ");
  // Normalising before trimming: it may turn a character at the edge into white space.
  return plain.replace(/(?!\n)[\p{Cc}\p{Cs}]/gu, "").normalize("NFC").trim();
}

/** The same for a title, which is a single line. */
export const normaliseTitle = (text: string): string => normalise(normalise(text).replace(/\n+/g, " "));

/** Length in Unicode code points, as the limits count. */
export const countCharacters = (text: string): number => [...text].length;

/** Text in its one permitted form, of `least` to `most` code points; a line feed is a control character unless `lines`. */
export function checkText(value: unknown, name: string, least: number, most: number, lines = false): string {
  const text = parseText(value, name);
  const count = countCharacters(text);
  const outer = /^\s|\s$/u.test(text);
  const forbidden = lines ? /(?!\n)[\p{Cc}\p{Cs}]/u : /[\p{Cc}\p{Cs}]/u;
  if (count < least || count > most || outer || text !== text.normalize("NFC") || forbidden.test(text)) {
    throw new ProofError("not-canonical", `${name} is too long or not in its canonical form`);
  }
  return text;
}

const matches = (pattern: RegExp, value: unknown): value is string => typeof value === "string" && pattern.test(value);

function parseOpening(fields: Fields): Opening {
  const { section, nonce } = fields;
  if (!matches(SECTION, section) || !matches(NONCE, nonce)) throw new ProofError("not-canonical", "opening");
  return {
    type: "openmai/thread/v1",
    site: parseSite(fields.site),
    season: parseSeason(fields.season),
    section,
    title: checkText(fields.title, "title", 1, LIMITS.title),
    body: checkText(fields.body, "body", 0, LIMITS.body, true),
    nonce,
  };
}

function parseReply(fields: Fields): Reply {
  const { thread, parent, nonce } = fields;
  const addressed = matches(HASH, thread) && (parent === null || matches(HASH, parent));
  if (!addressed || !matches(NONCE, nonce)) throw new ProofError("not-canonical", "reply");
  return {
    type: "openmai/reply/v1",
    site: parseSite(fields.site),
    season: parseSeason(fields.season),
    thread,
    parent,
    body: checkText(fields.body, "body", 1, LIMITS.body, true),
    nonce,
  };
}

/** Reads a content document; throws `not-canonical`. */
export function parseContent(document: unknown): Content {
  const type = typeof document === "object" && document !== null ? (document as Fields).type : undefined;
  if (type === "openmai/thread/v1") return parseOpening(exactKeys(document, OPENING_FIELDS));
  if (type === "openmai/reply/v1") return parseReply(exactKeys(document, REPLY_FIELDS));
  throw new ProofError("not-canonical", "neither an opening nor a reply");
}

/** 16 random bytes in hex: they keep a withdrawn text from being guessed from its hash. */
export const nonceFrom = (random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): string => toHex(random(new Uint8Array(16)));
