/** Proving and verifying with snarkjs, in one thread: it would start others from data: addresses, which our policy forbids. */
import { curves, groth16, type Curve, type Groth16Proof } from "snarkjs";
import key1 from "@zk-kit/semaphore-artifacts/semaphore-1.json";
import key20 from "@zk-kit/semaphore-artifacts/semaphore-20.json";
import type { Artifacts, Depth } from "./artifacts.ts";
import { ProofError } from "./errors.ts";
import { R } from "./field.ts";
import { circuitInput } from "./encoding.ts";
import type { MerklePath } from "./leanimt.ts";
import { compress, type G1, type G2, type Points } from "./points.ts";

/** Semaphore's public signals in the circuit's order; scope and message already reduced by `circuitInput`. */
export interface PublicSignals {
  readonly root: bigint;
  readonly nullifier: bigint;
  readonly message: bigint;
  readonly scope: bigint;
}

export interface Statement {
  readonly secret: bigint;
  readonly path: MerklePath;
  /** 256-bit digests; the reduction into the field happens here. */
  readonly scope: bigint;
  readonly message: bigint;
}

/** The verification keys, part of the program; the build refuses other files than the pinned ones. */
const KEYS: Readonly<Record<Depth, object>> = { 1: key1, 20: key20 };
const ONE_THREAD = { singleThread: true } as const;

let engine: Promise<Curve> | undefined;

/** The curve that snarkjs verifies with. It looks for it in a global, and only makes a threaded one if there is none. */
export async function curve(): Promise<Curve> {
  engine ??= curves.getCurveFromName("bn128", ONE_THREAD);
  const made = await engine;
  (globalThis as { curve_bn128?: Curve }).curve_bn128 = made;
  return made;
}

function circuitInputs(depth: Depth, { secret, path, scope, message }: Statement): CircuitInputs {
  const padding = Array.from({ length: depth - path.siblings.length }, () => 0n);
  return {
    secret,
    merkleProofLength: path.siblings.length,
    merkleProofIndex: path.index,
    merkleProofSiblings: [...path.siblings, ...padding],
    scope: circuitInput(scope),
    message: circuitInput(message),
  };
}

function pointsOf(proof: Groth16Proof): Points {
  const pair = (values: readonly unknown[]): readonly [bigint, bigint] => [BigInt(String(values[0])), BigInt(String(values[1]))];
  const [x, y] = [proof.pi_b[0]!, proof.pi_b[1]!];
  return { a: pair(proof.pi_a) as G1, b: [pair(x), pair(y)] as G2, c: pair(proof.pi_c) as G1 };
}

/**
 * Proves `statement` and returns the 128 bytes.
 *
 * A corrupted proving key could make a proof that leaks the secret, and a wrong one would be refused only by the server,
 * with the member's address attached: so the proof is verified with the pinned key, under public signals that the caller
 * computed itself (`expected`), before it is returned. Throws `proof-impossible` or `self-check-failed`.
 */
export async function prove(artifacts: Artifacts, statement: Statement, expected: PublicSignals): Promise<Uint8Array<ArrayBuffer>> {
  const { depth, wasm, zkey } = artifacts;
  return proveCircuit({ wasm, zkey, key: KEYS[depth] }, circuitInputs(depth, statement), inOrder(expected));
}

/** A circuit as a program, the key that proves it, and the key that the proof must hold under. */
export interface ProvingFiles {
  readonly wasm: Uint8Array;
  readonly zkey: Uint8Array;
  readonly key: object;
}

export type CircuitInputs = Readonly<Record<string, bigint | number | readonly bigint[]>>;

/** As `prove`, for any circuit; `expected` are its public signals in their order. */
export async function proveCircuit({ wasm, zkey, key }: ProvingFiles, inputs: CircuitInputs, expected: readonly bigint[]): Promise<Uint8Array<ArrayBuffer>> {
  const made = await groth16
    .fullProve(inputs as never, wasm, zkey, undefined, ONE_THREAD, ONE_THREAD)
    .catch((error: unknown) => {
      throw new ProofError("proof-impossible", error instanceof Error ? error.name : "");
    });
  const points = pointsOf(made.proof);
  if (!(await verifyUnder(key, points, expected))) throw new ProofError("self-check-failed");
  return compress(points);
}

const inOrder = ({ root, nullifier, message, scope }: PublicSignals): bigint[] => [root, nullifier, message, scope];

/** Whether `points` prove the statement with these public signals under the pinned key of `depth`. */
export const verify = (depth: Depth, points: Points, signals: PublicSignals): Promise<boolean> => verifyUnder(KEYS[depth], points, inOrder(signals));

/** Whether `points` are a proof with these public signals under a verification key that was read and checked before. */
export async function verifyUnder(key: object, points: Points, signals: readonly bigint[]): Promise<boolean> {
  if (signals.some((signal) => signal < 0n || signal >= R)) return false;
  if (!(await inSubgroup(points.b))) return false;
  return groth16.verify(key, signals.map(String), proofDocument(points));
}

/** Whether a point of the twist has order r: it has a cofactor, and snarkjs checks the curve's equation only. */
export async function inSubgroup(point: G2): Promise<boolean> {
  const { G2: group } = await curve();
  const element = group.fromObject([...point, [1n, 0n]]);
  return group.isValid(element) && group.isZero(group.timesScalar(element, R));
}

function proofDocument({ a, b, c }: Points): Groth16Proof {
  const text = ([x, y]: readonly [bigint, bigint]): string[] => [String(x), String(y)];
  return {
    pi_a: [...text(a), "1"],
    pi_b: [text(b[0]), text(b[1]), ["1", "0"]],
    pi_c: [...text(c), "1"],
    protocol: "groth16",
    curve: "bn128",
  };
}
