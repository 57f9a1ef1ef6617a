/** The name and the glyph of a persona, drawn from its nullifier (docs/protocol.md §7). */
import words from "./alias_words.json";
import { sha256 } from "./encoding.ts";
import { be32, concat } from "./field.ts";
import type { Alias } from "./messages.ts";

const FIRST_SUFFIX = 10;
const SUFFIXES = 90;

type Word = readonly [en: string, zh: string];

/** The words come from the Python package, in its order, which is part of the protocol; a test compares the two. */
const pick = (list: readonly (readonly string[])[], byte: number): Word => list[byte % list.length] as unknown as Word;

export function aliasOf(nullifier: bigint): Alias {
  const digest = sha256(concat(new TextEncoder().encode("alias"), be32(nullifier)));
  const [adjective, animal] = [pick(words.adjectives, digest[0]!), pick(words.animals, digest[1]!)];
  return {
    en: `${adjective[0]} ${animal[0]}`,
    zh: adjective[1] + animal[1],
    suffix: FIRST_SUFFIX + (digest[2]! % SUFFIXES),
    glyph: digest.slice(8),
  };
}
