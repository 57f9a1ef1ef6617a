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
 *
 * Where the browser has passkeys with the PRF extension, a passkey can stand in the code's place: the file's type is then
 * "openmai/passkey-backup/v1", it has "credential" (the passkey's id, hex) as well, the salt is also what the passkey is asked
 * about, and the info is "openmai/v1/passkey-backup".
 */
import { gcm } from "@noble/ciphers/aes.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 as hash256 } from "@noble/hashes/sha2.js";
import { canonicalJson, sha256 } from "./encoding.ts";
import { ProofError, type ErrorCode } from "./errors.ts";
import { concat, equalBytes, L, parseDecimal, parseHex, toHex } from "./field.ts";
import type { RandomSource } from "./identity.ts";
import { exactKeys, parseSeason, parseSite, type Fields } from "./schema.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUPS = /.{4}/g;
const INFO = new TextEncoder().encode("openmai/v1/backup");
const PASSKEY_INFO = new TextEncoder().encode("openmai/v1/passkey-backup");
const TYPE = "openmai/backup/v1";
const PASSKEY_TYPE = "openmai/passkey-backup/v1";
/** WebAuthn allows no longer one. */
const LONGEST_CREDENTIAL = 1023;

export interface Backup {
  readonly site: string;
  readonly season: string;
  readonly secret: bigint;
}

/** What a passkey made of `salt` (the PRF extension of WebAuthn): 32 bytes that no other passkey gives. */
export interface PasskeyOutput {
  readonly credential: Uint8Array<ArrayBuffer>;
  readonly salt: Uint8Array<ArrayBuffer>;
  readonly prf: Uint8Array;
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

const header = (type: string, site: string, season: string): Uint8Array => canonicalJson({ type, site, season });
const keyFor = (code: Uint8Array, salt: Uint8Array): Uint8Array => hkdf(hash256, code, salt, INFO, 32);
const passkeyKeyFor = (prf: Uint8Array, salt: Uint8Array): Uint8Array => hkdf(hash256, prf, salt, PASSKEY_INFO, 32);

const asText = (document: unknown): string => new TextDecoder().decode(canonicalJson(document));

function sealed(type: string, key: Uint8Array, { site, season, secret }: Backup, random: RandomSource): { iv: string; data: string } {
  const iv = random(new Uint8Array(12));
  const data = gcm(key, iv, header(type, site, season)).encrypt(canonicalJson({ secret: secret.toString() }));
  return { iv: toHex(iv), data: toHex(data) };
}

/** The backup file's text. */
export function sealBackup(backup: Backup, code: Uint8Array, random: RandomSource): string {
  const salt = random(new Uint8Array(32));
  const { site, season } = backup;
  return asText({ type: TYPE, site, season, salt: toHex(salt), ...sealed(TYPE, keyFor(code, salt), backup, random) });
}

/** The same under a passkey: `prf` is what the passkey makes of `salt`, and only it can. */
export function sealPasskeyBackup(backup: Backup, { credential, salt, prf }: PasskeyOutput, random: RandomSource): string {
  const { site, season } = backup;
  const box = sealed(PASSKEY_TYPE, passkeyKeyFor(prf, salt), backup, random);
  return asText({ type: PASSKEY_TYPE, site, season, credential: toHex(credential), salt: toHex(salt), ...box });
}

function parseFile(text: string, type: string, names: readonly string[]): Fields {
  try {
    const file = exactKeys(JSON.parse(text), ["type", "site", "season", "salt", "iv", "data", ...names]);
    if (file.type === type && typeof file.data === "string") return file;
  } catch {
    // told below, with every other thing that is no backup
  }
  throw new ProofError("bad-backup");
}

/** Opens a sealed secret; `wrong` is the refusal when the key does not open it. */
function unsealed(file: Fields, key: Uint8Array, wrong: ErrorCode): Backup {
  const [site, season] = [parseSite(file.site), parseSeason(file.season)];
  const data = parseHex(file.data, (file.data as string).length >> 1, "data");
  let plain: Uint8Array;
  try {
    plain = gcm(key, parseHex(file.iv, 12, "iv"), header(file.type as string, site, season)).decrypt(data);
  } catch {
    throw new ProofError(wrong, "no match");
  }
  const secret = parseDecimal(exactKeys(JSON.parse(new TextDecoder().decode(plain)), ["secret"]).secret, "secret");
  if (secret < 1n || secret >= L || !equalBytes(canonicalJson({ secret: secret.toString() }), plain)) throw new ProofError("bad-backup");
  return { site, season, secret };
}

/** Opens a backup file. Throws `bad-backup` for another file, `wrong-recovery-code` when the code does not open it. */
export function openBackup(text: string, code: Uint8Array): Backup {
  const file = parseFile(text, TYPE, []);
  return unsealed(file, keyFor(code, parseHex(file.salt, 32, "salt")), "wrong-recovery-code");
}

/** Which passkey a file was sealed under, and with what salt; null for a file that takes a recovery code. */
export function passkeyOf(text: string): Omit<PasskeyOutput, "prf"> | null {
  if (!text.includes(PASSKEY_TYPE)) return null;
  const { credential, salt } = parseFile(text, PASSKEY_TYPE, ["credential"]);
  if (typeof credential !== "string" || credential.length > 2 * LONGEST_CREDENTIAL) throw new ProofError("bad-backup");
  return { credential: parseHex(credential, credential.length >> 1, "credential"), salt: parseHex(salt, 32, "salt") };
}

/** Opens a file that was sealed under a passkey. Throws `bad-backup`, or `wrong-passkey` when it is another one's. */
export function openPasskeyBackup(text: string, prf: Uint8Array): Backup {
  const file = parseFile(text, PASSKEY_TYPE, ["credential"]);
  return unsealed(file, passkeyKeyFor(prf, parseHex(file.salt, 32, "salt")), "wrong-passkey");
}
