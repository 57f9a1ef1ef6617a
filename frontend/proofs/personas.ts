/** The Ed25519 key of a persona, one per secret and thread (docs/protocol.md §5). */
import { ed25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { be32 } from "./field.ts";

const SALT = new TextEncoder().encode("openmai/v1/thread-key");

export interface Persona {
  readonly key: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/** The persona of `secret` in the thread with this scope: its key comes from HKDF (RFC 5869), so it is not stored. */
export function personaOf(secret: bigint, scope: bigint): Persona {
  const seed = hkdf(sha256, be32(secret), SALT, be32(scope), 32);
  return { key: ed25519.getPublicKey(seed), sign: (message) => ed25519.sign(message, seed) };
}

/** Whether `signature` by `key` covers `message` (RFC 8032, as the Python package's library accepts it). */
export function isSignedBy(key: Uint8Array, signature: Uint8Array, message: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, message, key, { zip215: false });
  } catch {
    return false; // a key or signature that encodes no point
  }
}
