/** The member's secret and what others may see of it: the commitment. The public key itself never leaves this module. */
import { Base8, mulPointEscalar } from "@zk-kit/baby-jubjub";
import { circuitInput } from "./encoding.ts";
import { fromBytes, L } from "./field.ts";
import type { Poseidon } from "./poseidon.ts";

/** Fills `bytes` with randomness and returns it; `crypto.getRandomValues` at the outermost edge. */
export type RandomSource = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

/** A uniformly random secret, 1 ≤ secret < L, by rejection: reducing a larger number would favour the small ones. */
export function newSecret(random: RandomSource): bigint {
  for (;;) {
    const bytes = random(new Uint8Array(32));
    bytes[0]! &= 0x07; // L has 251 bits, so fewer than one draw in three is thrown away
    const secret = fromBytes(bytes);
    if (secret >= 1n && secret < L) return secret;
  }
}

/** Poseidon(Ax, Ay) of the public key secret·Base8, as in Semaphore v4. */
export function commitmentOf(poseidon: Poseidon, secret: bigint): bigint {
  const [x, y] = mulPointEscalar(Base8, secret);
  return poseidon.hash(x, y);
}

/** What makes a second persona under the same scope impossible: Poseidon(circuit input of the scope, secret). */
export function nullifierOf(poseidon: Poseidon, secret: bigint, scope: bigint): bigint {
  return poseidon.hash(circuitInput(scope), secret);
}
