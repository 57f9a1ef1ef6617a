/** Enrolment: the ticket of the people site, answered with a commitment and a proof that its secret is known (§2). */
import type { Artifacts } from "./artifacts.ts";
import { circuitInput, Domain } from "./encoding.ts";
import { ProofError } from "./errors.ts";
import { fromBase64Url, fromBytes, parseHex, toHex } from "./field.ts";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { prove } from "./groth16.ts";
import { commitmentOf, nullifierOf } from "./identity.ts";
import type { Answer } from "./messages.ts";
import type { Poseidon } from "./poseidon.ts";
import { exactKeys, parseCanonical, parseSeason, parseSite } from "./schema.ts";

/**
 * K, the other leaf of the pair that is proved over. It is no y-coordinate on Baby Jubjub, so it cannot be a key; with it,
 * a commitment that is itself a node of a tree of Sybils cannot be proved (attack 1 of the threat model).
 */
export const ENROLMENT_PAIR = fromBytes(keccak_256(new TextEncoder().encode("openmai/v1/enrol-pok/0"))) >> 8n;

export interface Ticket {
  readonly account: string;
  readonly nonce: Uint8Array;
  readonly season: string;
  readonly site: string;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Reads a ticket; throws `bad-ticket` for anything but the canonical form. */
export function readTicket(text: string): Ticket {
  try {
    const fields = exactKeys(parseCanonical(fromBase64Url(text, "ticket")), ["account", "nonce", "season", "site"]);
    if (typeof fields.account !== "string" || !UUID.test(fields.account)) throw new ProofError("bad-ticket", "account");
    const nonce = parseHex(fields.nonce, 32, "nonce");
    return { account: fields.account, nonce, season: parseSeason(fields.season), site: parseSite(fields.site) };
  } catch (error) {
    throw new ProofError("bad-ticket", error instanceof ProofError ? error.detail : "");
  }
}

/** The answer to `ticket`: made with the depth-1 circuit over the pair (commitment, K). */
export async function answerTicket(options: {
  readonly ticket: string;
  readonly secret: bigint;
  readonly poseidon: Poseidon;
  readonly artifacts: Artifacts;
}): Promise<Answer> {
  const { ticket, secret, poseidon, artifacts } = options;
  const { account, nonce, site, season } = readTicket(ticket);
  const domain = new Domain(site, season);
  const commitment = commitmentOf(poseidon, secret);
  const root = poseidon.hash(commitment, ENROLMENT_PAIR);
  const [scope, message] = [domain.enrolScope(), domain.enrolMessage(account, nonce)];
  const nullifier = nullifierOf(poseidon, secret, scope);
  const path = { root, leaf: commitment, index: 0, siblings: [ENROLMENT_PAIR] };
  const expected = { root, nullifier, message: circuitInput(message), scope: circuitInput(scope) };
  const proof = await prove(artifacts, { secret, path, scope, message }, expected);
  return { ticket, commitment: commitment.toString(), nullifier: nullifier.toString(), proof: toHex(proof) };
}
