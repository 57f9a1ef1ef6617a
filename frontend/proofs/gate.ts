/** The gate: a proof for each page of bans that the persona's secret is behind none of them and has a slot left today. */
import type { BanList, BanPage } from "./bans.ts";
import { pagesOf } from "./bans.ts";
import { circuitInput, type Domain } from "./encoding.ts";
import { toHex } from "./field.ts";
import { proveCircuit, verifyUnder, type CircuitInputs } from "./groth16.ts";
import { nullifierOf } from "./identity.ts";
import type { VerificationKey } from "./gate_key.ts";
import type { Points } from "./points.ts";
import type { Poseidon } from "./poseidon.ts";

export interface GateFiles {
  readonly wasm: Uint8Array;
  readonly zkey: Uint8Array;
  readonly key: VerificationKey;
}

/** What a join carries of the gate. */
export interface GateDocument {
  readonly day: string;
  /** The name of the ban list that was proved about. */
  readonly bans: string;
  readonly rate: string;
  readonly proofs: readonly string[];
}

/** All that the public signals follow from, but the two nullifiers: the verifier knows it as well. */
export interface GateStatement {
  readonly domain: Domain;
  /** 256-bit digests, as for the membership proof. */
  readonly scope: bigint;
  readonly message: bigint;
  readonly day: string;
  readonly slots: number;
}

export interface GateNullifiers {
  readonly thread: bigint;
  readonly rate: bigint;
}

/** The public inputs under the circuit's names. */
function publicInputs({ domain, scope, message, day, slots }: GateStatement, { scopes, nullifiers }: BanPage) {
  return {
    threadScope: circuitInput(scope),
    rateScope: circuitInput(domain.rateScope(day)),
    slots: BigInt(slots),
    message: circuitInput(message),
    banScope: scopes,
    banNullifier: nullifiers,
  } satisfies CircuitInputs;
}

/** The 66 public signals of one page, in the circuit's order. */
export function gateSignals(statement: GateStatement, page: BanPage, { thread, rate }: GateNullifiers): bigint[] {
  const { threadScope, rateScope, slots, message, banScope, banNullifier } = publicInputs(statement, page);
  return [thread, rate, threadScope, rateScope, slots, message, ...banScope, ...banNullifier];
}

/** Whether `points` are a gate proof of this page. */
export const verifyGate = (key: VerificationKey, points: Points, statement: GateStatement, page: BanPage, nullifiers: GateNullifiers): Promise<boolean> =>
  verifyUnder(key.document, points, gateSignals(statement, page, nullifiers));

export interface GateProving {
  readonly files: GateFiles;
  readonly poseidon: Poseidon;
  readonly secret: bigint;
  readonly slot: number;
  readonly statement: GateStatement;
  readonly list: BanList;
  /** Told the pages done and their number, before each. */
  readonly progress: (done: number, total: number) => void;
}

/** Poseidon(Poseidon(rate scope, slot), secret). */
function rateNullifierOf(poseidon: Poseidon, { domain, day }: GateStatement, slot: number, secret: bigint): bigint {
  return poseidon.hash(poseidon.hash(circuitInput(domain.rateScope(day)), BigInt(slot)), secret);
}

/**
 * Proves every page. All public signals are computed here, and each proof is verified under them with the key of the
 * site before it goes on: a proof that does not hold could say more than it should.
 */
export async function proveGate({ files, poseidon, secret, slot, statement, list, progress }: GateProving): Promise<GateDocument> {
  const nullifiers = { thread: nullifierOf(poseidon, secret, statement.scope), rate: rateNullifierOf(poseidon, statement, slot, secret) };
  const { wasm, zkey, key } = files;
  const pages = pagesOf(list);
  const proofs: string[] = [];
  for (const page of pages) {
    progress(proofs.length, pages.length);
    const inputs = { secret, slot, ...publicInputs(statement, page) };
    proofs.push(toHex(await proveCircuit({ wasm, zkey, key: key.document }, inputs, gateSignals(statement, page, nullifiers))));
  }
  return { day: statement.day, bans: list.sha256, rate: nullifiers.rate.toString(), proofs };
}
