/**
 * The backup of a secret under a generated recovery code.
 *
 * The code has 128 random bits: the operator knows the commitment, so a secret behind anything a person could choose
 * would be open to guessing offline. It is written in Crockford's base32 (no I, L, O, U) as seven groups of four; the last
 * twelve bits are a checksum, so that a slip of the pen is noticed before anything is tried.
 *
 * The file is canonical JSON: {"type": "openmai/backup/v1", "site", "season", "salt": 64 hex, "iv": 24 hex, "data": hex};
 * data = AES-256-GCM(key, canonical {"secret": decimal}), key = HKDF-SHA-256(ikm = the 16 bytes, salt, info =
 * "openmai/v1/backup"), additional data = canonical {"type", "site", "season"}.
 */
import { gcm } from "@noble/ciphers/aes.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 as hash256 } from "@noble/hashes/sha2.js";
import { canonicalJson, sha256 } from "./encoding.ts";
import { ProofError } from "./errors.ts";
import { concat, equalBytes, L, parseDecimal, parseHex, toHex } from "./field.ts";
import type { RandomSource } from "./identity.ts";
import { exactKeys, parseSeason, parseSite } from "./schema.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUPS = /.{4}/g;
const INFO = new TextEncoder().encode("openmai/v1/backup");
const TYPE = "openmai/backup/v1";

export interface Backup {
  readonly site: string;
  readonly season: string;
  readonly secret: bigint;
}

const checksum = (code: Uint8Array): number => {
  const digest = sha256(concat(new TextEncoder().encode("openmai/v1/recovery-code"), code));
  return (digest[0]! << 4) | (digest[1]! >> 4);
};

/** 16 bytes as seven groups of four characters. */
export function showCode(code: Uint8Array): string {
  let bits = (BigInt(`0x${toHex(code)}`) << 12n) | BigInt(checksum(code));
  let text = "";
  for (let i = 0; i < 28; i++, bits >>= 5n) text = ALPHABET[Number(bits & 31n)]! + text;
  return text.match(GROUPS)!.join("-");
}

/** Reads a code as people write it: any case, any separators, O for 0, I and L for 1. Throws `wrong-recovery-code`. */
export function readCode(text: string): Uint8Array<ArrayBuffer> {
  const plain = text.toUpperCase().replace(/[\s–—-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
  if (plain.length !== 28 || [...plain].some((c) => !ALPHABET.includes(c))) throw new ProofError("wrong-recovery-code", "form");
  const bits = [...plain].reduce((sum, c) => (sum << 5n) | BigInt(ALPHABET.indexOf(c)), 0n);
  const code = parseHex((bits >> 12n).toString(16).padStart(32, "0"), 16, "code");
  if (BigInt(checksum(code)) !== (bits & 0xfffn)) throw new ProofError("wrong-recovery-code", "checksum");
  return code;
}

const header = (site: string, season: string): Uint8Array => canonicalJson({ type: TYPE, site, season });
const keyFor = (code: Uint8Array, salt: Uint8Array): Uint8Array => hkdf(hash256, code, salt, INFO, 32);

/** The backup file's text. */
export function sealBackup({ site, season, secret }: Backup, code: Uint8Array, random: RandomSource): string {
  const [salt, iv] = [random(new Uint8Array(32)), random(new Uint8Array(12))];
  const data = gcm(keyFor(code, salt), iv, header(site, season)).encrypt(canonicalJson({ secret: secret.toString() }));
  const file = { type: TYPE, site, season, salt: toHex(salt), iv: toHex(iv), data: toHex(data) };
  return new TextDecoder().decode(canonicalJson(file));
}

function parseFile(text: string): Record<string, unknown> {
  try {
    const file = exactKeys(JSON.parse(text), ["type", "site", "season", "salt", "iv", "data"]);
    if (file.type === TYPE && typeof file.data === "string") return file;
  } catch {
    // told below, with every other thing that is no backup
  }
  throw new ProofError("bad-backup");
}

/** Opens a backup file. Throws `bad-backup` for another file, `wrong-recovery-code` when the code does not open it. */
export function openBackup(text: string, code: Uint8Array): Backup {
  const file = parseFile(text);
  const [site, season] = [parseSite(file.site), parseSeason(file.season)];
  const [salt, iv] = [parseHex(file.salt, 32, "salt"), parseHex(file.iv, 12, "iv")];
  const data = parseHex(file.data, (file.data as string).length >> 1, "data");
  let plain: Uint8Array;
  try {
    plain = gcm(keyFor(code, salt), iv, header(site, season)).decrypt(data);
  } catch {
    throw new ProofError("wrong-recovery-code", "no match");
  }
  const secret = parseDecimal(exactKeys(JSON.parse(new TextDecoder().decode(plain)), ["secret"]).secret, "secret");
  if (secret < 1n || secret >= L || !equalBytes(canonicalJson({ secret: secret.toString() }), plain)) throw new ProofError("bad-backup");
  return { site, season, secret };
}
