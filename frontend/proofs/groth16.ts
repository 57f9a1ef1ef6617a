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

export interface Claim {
  readonly points: Points;
  readonly signals: PublicSignals;
}

interface Key {
  readonly vk_alpha_1: unknown;
  readonly vk_beta_2: unknown;
  readonly vk_gamma_2: unknown;
  readonly vk_delta_2: unknown;
  readonly IC: readonly unknown[];
}

/** Decimal strings, however deep, as numbers. */
const numbers = (value: unknown): unknown => (Array.isArray(value) ? value.map(numbers) : BigInt(String(value)));

/** All random but the last, which makes the sum 1: then α, β and IC₀ keep their weight. */
function affineWeights(count: number, random: () => bigint): bigint[] {
  const free = Array.from({ length: count - 1 }, random);
  const rest = free.reduce((sum, each) => sum + each, 0n);
  return [...free, (((1n - rest) % R) + R) % R];
}

/**
 * Whether every one of these proofs holds: one final exponentiation and one Miller loop a proof instead of three, by a
 * random combination of their equations. `random` draws 128 unpredictable bits, after the proofs are fixed.
 */
export async function verifyBatch(depth: Depth, claims: readonly Claim[], random: () => bigint): Promise<boolean> {
  if (claims.length === 0) return true;
  const bn128 = await curve();
  const { G1, G2 } = bn128;
  const ordered = claims.map(({ signals: { root, nullifier, message, scope } }) => [root, nullifier, message, scope]);
  if (ordered.some((signals) => signals.some((signal) => signal < 0n || signal >= R))) return false;
  for (const { points } of claims) if (!(await inSubgroup(points.b))) return false;
  const weights = affineWeights(claims.length, random);
  const point = (value: unknown): ReturnType<typeof G1.fromObject> => G1.fromObject(numbers(value) as unknown[]);
  const twist = (value: unknown): ReturnType<typeof G2.fromObject> => G2.fromObject(numbers(value) as unknown[]);
  const key = KEYS[depth] as Key;
  let statement = point(key.IC[0]);
  for (let place = 0; place < 4; place++) {
    const combined = weights.reduce((sum, weight, i) => (sum + weight * ordered[i]![place]!) % R, 0n);
    statement = G1.add(statement, G1.timesScalar(point(key.IC[place + 1]), combined));
  }
  const pairs = [point(key.vk_alpha_1), twist(key.vk_beta_2), statement, twist(key.vk_gamma_2)];
  let rest = G1.timesScalar(point([...claims[0]!.points.c, 1n]), weights[0]!);
  for (let i = 1; i < claims.length; i++) rest = G1.add(rest, G1.timesScalar(point([...claims[i]!.points.c, 1n]), weights[i]!));
  pairs.push(rest, twist(key.vk_delta_2));
  claims.forEach(({ points: { a, b } }, i) => pairs.push(G1.neg(G1.timesScalar(point([...a, 1n]), weights[i]!)), twist([...b, [1n, 0n]])));
  return bn128.pairingEq(...pairs);
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
