/** Signed notes (C2SP signed-note) and the cosignatures of witnesses (C2SP tlog-cosignature), Ed25519 only. */
import { sha256 } from "../encoding.ts";
import { ProofError } from "../errors.ts";
import { concat, equalBytes, toHex } from "../field.ts";
import { isSignedBy } from "../personas.ts";

const MAX_BYTES = 65_536;
const MAX_SIGNATURES = 64;
/** No control character but the line's end; the sign of a key's name has no space, in any script, and no plus. */
const CONTROL = /[\0-\x09\x0b-\x1f]/;
const LINE = /^\u2014 ([^\s\u0085+]+) ([A-Za-z0-9+/]+={0,2})$/u;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const utf8 = new TextEncoder();

export interface NamedKey {
  readonly name: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

interface Signature {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly bytes: Uint8Array;
}

export interface Note {
  /** With its final line's end. */
  readonly text: string;
  readonly signatures: readonly Signature[];
}

const refuse = (detail: string): never => {
  throw new ProofError("log-malformed", detail);
};

/** Standard base64 with its padding, in the one form that it has. */
export function fromBase64(text: string, name: string): Uint8Array<ArrayBuffer> {
  if (!BASE64.test(text)) return refuse(`${name} is not base64`);
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return toBase64(bytes) === text ? bytes : refuse(`${name} is not base64`);
}

export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function parseSignature(line: string): Signature {
  const [, name, encoded] = LINE.exec(line) ?? refuse("a signature line");
  const bytes = fromBase64(encoded!, "a signature");
  if (bytes.length <= 4) return refuse("a signature is too short");
  return { name: name!, keyId: bytes.subarray(0, 4), bytes: bytes.subarray(4) };
}

/** Reads a note. Nothing in it may be believed before a signature has been checked. Throws `log-malformed`. */
export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > MAX_BYTES) return refuse("the note is too long");
  let whole: string;
  try {
    whole = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse("the note is not UTF-8");
  }
  const end = whole.lastIndexOf("\n\n");
  if (CONTROL.test(whole) || !whole.endsWith("\n") || end < 0) return refuse("the note has no text and signatures");
  const lines = whole.slice(end + 2).split("\n").slice(0, -1);
  if (lines.length === 0 || lines.length > MAX_SIGNATURES) return refuse("the number of signatures");
  return { text: whole.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

type Kind = 1 | 4;

export function keyIdOf({ name, key }: NamedKey, kind: Kind): Uint8Array {
  return sha256(concat(utf8.encode(`${name}\n`), Uint8Array.of(kind), key)).subarray(0, 4);
}

const VKEY = /^([^\s\u0085+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/u;

/** Reads a verifier key as C2SP writes it: `<name>+<key id>+<base64 of kind and key>`. Throws `log-malformed`. */
export function parseVerifierKey(text: unknown, kind: Kind): NamedKey {
  const [, name, id, material] = (typeof text === "string" ? VKEY.exec(text) : null) ?? refuse("a verifier key");
  const bytes = fromBase64(material!, "a verifier key");
  const named = { name: name!, key: bytes.subarray(1) };
  return bytes.length === 33 && bytes[0] === kind && toHex(keyIdOf(named, kind)) === id ? named : refuse("a verifier key");
}

export const verifierKey = (signer: NamedKey, kind: Kind): string =>
  `${signer.name}+${toHex(keyIdOf(signer, kind))}+${toBase64(concat(Uint8Array.of(kind), signer.key))}`;

/** The signatures under this key's name and id, of this kind. That of another key is nobody's business. */
const linesOf = ({ signatures }: Note, signer: NamedKey, kind: Kind): readonly Signature[] => {
  const id = keyIdOf(signer, kind);
  return signatures.filter(({ name, keyId }) => name === signer.name && equalBytes(keyId, id));
};

/** Whether `signer` signed the note: at least one line is theirs, and every line that is theirs holds. */
export function isNoteSignedBy(note: Note, signer: NamedKey): boolean {
  const lines = linesOf(note, signer, 1);
  return lines.length > 0 && lines.every(({ bytes }) => isSignedBy(signer.key, bytes, utf8.encode(note.text)));
}

function cosignatureHolds({ text }: Note, { key }: NamedKey, { bytes }: Signature): boolean {
  if (bytes.length !== 8 + 64) return false;
  const time = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);
  if (time >> 63n !== 0n) return false;
  return isSignedBy(key, bytes.subarray(8), utf8.encode(`cosignature/v1\ntime ${time}\n${text}`));
}

/**
 * The witnesses who countersigned the note, by name; each key counts once. Throws `log-unsigned` if a line of one of
 * them does not hold, and `log-unwitnessed` if they are fewer than `quorum`.
 */
export function cosignersOf(note: Note, witnesses: readonly NamedKey[], quorum: number): string[] {
  const found = new Map<string, string>();
  for (const witness of witnesses) {
    const said = cosignatureOf(note, witness);
    if (said === "broken") throw new ProofError("log-unsigned", witness.name);
    if (said === "holds") found.set(toHex(witness.key), witness.name);
  }
  if (found.size < quorum) throw new ProofError("log-unwitnessed", "", { found: found.size, quorum });
  return [...found.values()];
}

/** "absent" if the witness has no line here, "holds" if all of theirs hold, else "broken". */
export function cosignatureOf(note: Note, witness: NamedKey): "absent" | "holds" | "broken" {
  const lines = linesOf(note, witness, 4);
  if (lines.length === 0) return "absent";
  return lines.every((line) => cosignatureHolds(note, witness, line)) ? "holds" : "broken";
}
