/**
 * A second device gets the secrets over the screen: three short texts, and nine digits to compare (docs/protocol.md §10).
 *
 * The device that has the secrets invites, the new one answers, both show the same digits, a person compares them, and only
 * then the first one shows the delivery. Whoever stood between them and gave each a key of their own would have to find one
 * whose digits fit, among 10⁹ and at the price of scrypt each, while the person waits (docs/adr/0019).
 */
import { gcm } from "@noble/ciphers/aes.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { scrypt } from "@noble/hashes/scrypt.js";
import { sha256 as hash256 } from "@noble/hashes/sha2.js";
import { lengthPrefixed, sha256 } from "./encoding.ts";
import { ProofError } from "./errors.ts";
import { be32, concat, equalBytes, fromBytes, L } from "./field.ts";
import type { RandomSource } from "./identity.ts";

export interface SeasonSecret {
  readonly season: string;
  readonly secret: bigint;
}

/** Nothing is delivered on an older invitation: it bounds the time for finding a fitting key. */
export const PAIRING_MS = 600_000;

const [INVITATION, ANSWER, DELIVERY] = [1, 2, 3] as const;
const PREFIX = "OPENMAI:";
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LONGEST = 512;
const CHECKSUM = 4;
const SITE_TAG = 8;
const RECORD = 35; // a season's number in 3 bytes and its secret in 32
const MOST_SEASON = 999_999;
const SIZES: Readonly<Record<number, readonly number[]>> = { [INVITATION]: [40], [ANSWER]: [40], [DELIVERY]: [RECORD + 16, 2 * RECORD + 16] };
const utf8 = new TextEncoder();
const AAD = utf8.encode("openmai/v1/pair-delivery");

const refuse = (why: PairingTrouble): never => {
  throw new ProofError("bad-pairing", why);
};

/** Not a text of a pairing · cut off or mistyped · of another step · of another site · this device's own · for another device. */
type PairingTrouble = "form" | "slip" | "step" | "site" | "own" | "key";

const checksum = (payload: Uint8Array): Uint8Array => sha256(concat(utf8.encode("openmai/v1/pair-text\0"), payload)).subarray(0, CHECKSUM);
const siteTag = (site: string): Uint8Array => sha256(utf8.encode(`openmai/v1/pair-site\0${site}`)).subarray(0, SITE_TAG);

function toBase32(bytes: Uint8Array): string {
  let [text, bits, held] = ["", 0, 0];
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32[(held >> (bits - 5)) & 31]!;
  }
  return bits === 0 ? text : text + BASE32[(held << (5 - bits)) & 31]!;
}

function fromBase32(text: string): Uint8Array {
  const bytes: number[] = [];
  let [bits, held] = [0, 0];
  for (const letter of text) {
    held = ((held << 5) | BASE32.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits >= 8) bytes.push((held >> (bits -= 8)) & 255);
  }
  return Uint8Array.from(bytes);
}

function write(kind: number, body: Uint8Array): string {
  const payload = concat(Uint8Array.of(kind), body);
  return PREFIX + toBase32(concat(payload, checksum(payload)));
}

/** The body of a text of this kind: white space and case are forgiven, a slip or a cut is noticed. */
function read(text: string, kind: number): Uint8Array {
  const plain = text.length > 2 * LONGEST ? "" : text.replace(/\s/g, "").toUpperCase();
  if (!/^OPENMAI:[A-Z2-7]{1,400}$/.test(plain)) refuse("form");
  const letters = plain.slice(PREFIX.length);
  const data = fromBase32(letters);
  const payload = data.subarray(0, -CHECKSUM);
  if (payload.length === 0 || toBase32(data) !== letters || !equalBytes(checksum(payload), data.subarray(-CHECKSUM))) refuse("slip");
  if (payload[0] !== kind || !SIZES[kind]!.includes(payload.length - 1)) refuse("step");
  return payload.subarray(1);
}

function digitsOf(transcript: Uint8Array): string {
  const found = scrypt(transcript, utf8.encode("openmai/v1/pair-digits"), { N: 2 ** 16, r: 8, p: 1, dkLen: 8 });
  return (fromBytes(found) % 10n ** 9n).toString().padStart(9, "0").replace(/(?<=\d)(?=(?:\d{3})+$)/g, " ");
}

/** One pairing as one of the two devices sees it. Its keys are used for nothing else, and once. */
export class Pairing {
  private readonly secretKey: Uint8Array;
  private readonly publicKey: Uint8Array;
  private met: { readonly key: Uint8Array; used: boolean } | null = null;

  /** `invites`: this device has the secrets. */
  constructor(
    private readonly site: string,
    private readonly invites: boolean,
    random: RandomSource,
  ) {
    this.secretKey = random(new Uint8Array(32));
    this.publicKey = x25519.getPublicKey(this.secretKey);
  }

  /** What this device shows first: its invitation, or its answer. */
  get text(): string {
    return write(this.invites ? INVITATION : ANSWER, concat(this.publicKey, siteTag(this.site)));
  }

  /** Takes the other device's invitation or answer and returns the digits to compare. Throws `bad-pairing`. */
  meet(text: string): string {
    const body = read(text, this.invites ? ANSWER : INVITATION);
    const [other, tag] = [body.subarray(0, 32), body.subarray(32)];
    if (!equalBytes(tag, siteTag(this.site))) refuse("site");
    if (equalBytes(other, this.publicKey)) refuse("own");
    const [first, second] = this.invites ? [this.publicKey, other] : [other, this.publicKey];
    const transcript = concat(...[utf8.encode(this.site), first, second].map(lengthPrefixed));
    this.met = { key: hkdf(hash256, this.agree(other), sha256(transcript), utf8.encode("openmai/v1/pair"), 32), used: false };
    return digitsOf(transcript);
  }

  private agree(other: Uint8Array): Uint8Array {
    try {
      return x25519.getSharedSecret(this.secretKey, other);
    } catch {
      return refuse("key"); // a point of low order: no key
    }
  }

  /** The last text, once: the key encrypts nothing else, so its nonce is zero. */
  deliver(secrets: readonly SeasonSecret[]): string {
    if (this.met === null || this.met.used) return refuse("step");
    this.met.used = true;
    const ordered = [...secrets].sort((a, b) => Number(a.season.slice(1)) - Number(b.season.slice(1)));
    const records = ordered.map(({ season, secret }) => concat(be32(BigInt(season.slice(1))).subarray(29), be32(secret)));
    return write(DELIVERY, gcm(this.met.key, new Uint8Array(12), AAD).encrypt(concat(...records)));
  }

  /** The secrets, the oldest season's first. Throws `bad-pairing` for what was made for another pairing. */
  receive(text: string): SeasonSecret[] {
    if (this.met === null) return refuse("step");
    const data = read(text, DELIVERY);
    let plain: Uint8Array;
    try {
      plain = gcm(this.met.key, new Uint8Array(12), AAD).decrypt(data);
    } catch {
      return refuse("key");
    }
    const records = Array.from({ length: plain.length / RECORD }, (_, i) => plain.subarray(i * RECORD, (i + 1) * RECORD));
    const found = records.map((record) => ({ number: Number(fromBytes(record.subarray(0, 3))), secret: fromBytes(record.subarray(3)) }));
    const fits = found.every(({ number, secret }, i) => number <= MOST_SEASON && secret >= 1n && secret < L && (i === 0 || number > found[i - 1]!.number));
    return fits ? found.map(({ number, secret }) => ({ season: `s${number}`, secret })) : refuse("key");
  }
}
