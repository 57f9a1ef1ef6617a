/**
 * Canonical numbers: the one place where text and bytes become field elements, digests and keys (docs/protocol.md §1).
 */
import { ProofError } from "./errors.ts";

/** Order of the scalar field of BN254 (EIP-196): every circuit signal lies below it. */
export const R = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
/** Order of Baby Jubjub's prime subgroup (EIP-2494): secrets lie in [1, L). */
export const L = 2736030358979909402780800718157159386076813972158567259200215660948447373041n;

const DECIMAL = /^(?:0|[1-9][0-9]{0,76})$/;
const HEX = /^(?:[0-9a-f]{2})*$/;

/** Reads a field element from its canonical decimal string; throws `not-canonical` otherwise. */
export function parseDecimal(value: unknown, name: string): bigint {
  if (typeof value === "string" && DECIMAL.test(value)) {
    const number = BigInt(value);
    if (number < R) return number;
  }
  throw new ProofError("not-canonical", `${name} must be a canonical decimal below the field order`);
}

/** Reads exactly `size` bytes from lowercase hex; throws `not-canonical` otherwise. */
export function parseHex(value: unknown, size: number, name: string): Uint8Array<ArrayBuffer> {
  if (typeof value !== "string" || value.length !== 2 * size || !HEX.test(value)) {
    throw new ProofError("not-canonical", `${name} must be ${2 * size} lowercase hexadecimal digits`);
  }
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = Number.parseInt(value.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** The 32 bytes, big-endian, of a non-negative integer below 2**256. */
export function be32(value: bigint): Uint8Array<ArrayBuffer> {
  if (value < 0n || value >> 256n !== 0n) throw new RangeError("not a 256-bit number");
  const bytes = new Uint8Array(32);
  for (let i = 31, rest = value; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 255n);
  return bytes;
}

/** The 32 bytes, little-endian, of a non-negative integer below 2**256. */
export function le32(value: bigint): Uint8Array<ArrayBuffer> {
  return be32(value).reverse();
}

/** Big-endian bytes as a number. */
export function fromBytes(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** base64url without padding (RFC 4648 §5). */
export function toBase64Url(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Reads base64url without padding; throws `not-canonical` for any other text. */
export function fromBase64Url(text: string, name: string): Uint8Array<ArrayBuffer> {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) throw new ProofError("not-canonical", `${name} is not base64url`);
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  if (toBase64Url(bytes) !== text) throw new ProofError("not-canonical", `${name} is not base64url`);
  return bytes;
}
