/**
 * The gate's keys, which are the operator's own and may be hostile: what is checked before anything is proved with them.
 *
 * The prover blinds its proof with r·δ and s·δ. With δ ≠ 0 in the right group A and B are uniform whatever else the key
 * holds, and C follows from them by the verification equation: a proof that verifies says nothing more than that it does
 * (docs/adr/0013). With δ = 0 in either place it would say the secret.
 */
import { canonicalJson, sha256 } from "./encoding.ts";
import { ProofError } from "./errors.ts";
import { fromBytes, R, toHex } from "./field.ts";
import { curve, inSubgroup } from "./groth16.ts";
import { P, type Fp2, type G1, type G2 } from "./points.ts";
import { exactKeys } from "./schema.ts";

/** Public signals of the circuit: two outputs, four inputs, 30 pairs. */
export const SIGNALS = 66;
const WIRES = 8039;
const DOMAIN = 2 ** 13;

export interface VerificationKey {
  readonly alpha: G1;
  readonly beta: G2;
  readonly gamma: G2;
  readonly delta: G2;
  /** The document that snarkjs verifies with: exactly what was checked, and nothing else. */
  readonly document: object;
  /** SHA-256 of the document's canonical form, by which it is remembered. */
  readonly sha256: string;
}

const refuse = (what: string): never => {
  throw new ProofError("bad-gate-key", what);
};

const COORDINATE = /^(?:0|[1-9][0-9]{0,76})$/;

function coordinate(value: unknown): bigint {
  const number = typeof value === "string" && COORDINATE.test(value) ? BigInt(value) : P;
  return number < P ? number : refuse("a coordinate");
}

/** A list of exactly `length`. */
function list(value: unknown, length: number, name: string): readonly unknown[] {
  return Array.isArray(value) && value.length === length ? value : refuse(name);
}

function pair(value: unknown, name: string): Fp2 {
  const [c0, c1] = list(value, 2, name);
  return [coordinate(c0), coordinate(c1)];
}

/** A point on the curve that is not its zero. */
async function checkG1(point: G1, name: string): Promise<G1> {
  const { G1: group } = await curve();
  const [x, y] = point;
  if (x === 0n && y === 0n) return refuse(`${name} is zero`);
  return group.isValid(group.fromObject([x, y, 1n])) ? point : refuse(`${name} is not on the curve`);
}

/** A point of the twist's subgroup that is not its zero. */
async function checkG2(point: G2, name: string): Promise<G2> {
  if ([...point[0], ...point[1]].every((each) => each === 0n)) return refuse(`${name} is zero`);
  return (await inSubgroup(point)) ? point : refuse(`${name} is not in the group`);
}

async function readG1(value: unknown, name: string): Promise<G1> {
  const [x, y, z] = list(value, 3, name);
  return z === "1" ? checkG1([coordinate(x), coordinate(y)], name) : refuse(`${name} is zero`);
}

async function readG2(value: unknown, name: string): Promise<G2> {
  const [x, y, z] = list(value, 3, name);
  const [one, zero] = list(z, 2, name);
  return one === "1" && zero === "0" ? checkG2([pair(x, name), pair(y, name)], name) : refuse(`${name} is zero`);
}

const FIELDS = ["protocol", "curve", "nPublic", "vk_alpha_1", "vk_beta_2", "vk_gamma_2", "vk_delta_2", "IC"];

/** Reads a verification key as snarkjs writes it; throws `bad-gate-key` or `not-canonical`. */
export async function readVerificationKey(value: unknown): Promise<VerificationKey> {
  // snarkjs adds a pairing that it never reads; it is not taken over, so that nobody mistakes it for checked.
  const { vk_alphabeta_12: _unread, ...rest } = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const fields = exactKeys(rest, FIELDS);
  if (fields.protocol !== "groth16" || fields.curve !== "bn128" || fields.nPublic !== SIGNALS) return refuse("another circuit");
  const alpha = await readG1(fields.vk_alpha_1, "alpha");
  const [beta, gamma, delta] = [
    await readG2(fields.vk_beta_2, "beta"), await readG2(fields.vk_gamma_2, "gamma"), await readG2(fields.vk_delta_2, "delta"),
  ];
  for (const point of list(fields.IC, SIGNALS + 1, "IC")) await readG1(point, "IC");
  return { alpha, beta, gamma, delta, document: fields, sha256: toHex(sha256(canonicalJson(fields))) };
}

// ── The proving key ───────────────────────────────────────────────────────────────────────────────────────────────

const HEADER = 2;
/** 2²⁵⁶ mod P, by which the file multiplies its coordinates (Montgomery form). */
const MONTGOMERY = (1n << 256n) % P;

/** The section with the key's own points. iden3's binary files: magic, version, then sections with number and length. */
function headerOf(zkey: Uint8Array): Uint8Array {
  const view = new DataView(zkey.buffer, zkey.byteOffset, zkey.length);
  if (zkey.length < 12 || new TextDecoder().decode(zkey.subarray(0, 4)) !== "zkey" || view.getUint32(4, true) !== 1) return refuse("no zkey");
  let [offset, found] = [12, null as Uint8Array | null];
  for (let left = view.getUint32(8, true); left > 0; left--) {
    if (offset + 12 > zkey.length) return refuse("sections");
    const [type, size] = [view.getUint32(offset, true), Number(view.getBigUint64(offset + 4, true))];
    offset += 12;
    if (offset + size > zkey.length || (type === HEADER && found !== null)) return refuse("sections");
    if (type === HEADER) found = zkey.subarray(offset, offset + size);
    offset += size;
  }
  return found !== null && offset === zkey.length ? found : refuse("sections");
}

const little = (bytes: Uint8Array): bigint => fromBytes(bytes.slice().reverse());

/** Element `index` of the points that follow the header's numbers, out of Montgomery form. */
function elementAt(points: Uint8Array, index: number, inverse: bigint): bigint {
  const value = little(points.subarray(32 * index, 32 * index + 32));
  return value < P ? (value * inverse) % P : refuse("a coordinate");
}

function inverseOf(value: bigint): bigint {
  let [result, square] = [1n, value];
  for (let rest = P - 2n; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

function checkNumbers(header: Uint8Array): Uint8Array {
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  if (header.length !== 4 + 32 + 4 + 32 + 12 + 3 * 64 + 3 * 128) return refuse("header");
  const fields = view.getUint32(0, true) === 32 && little(header.subarray(4, 36)) === P && view.getUint32(36, true) === 32 && little(header.subarray(40, 72)) === R;
  const [wires, signals, domain] = [72, 76, 80].map((offset) => view.getUint32(offset, true));
  if (!fields || wires !== WIRES || signals !== SIGNALS || domain !== DOMAIN) return refuse("another circuit");
  return header.subarray(84);
}

/** Insists that a proving key is for this circuit and this verification key, and that it blinds; throws `bad-gate-key`. */
export async function checkProvingKey(zkey: Uint8Array, key: VerificationKey): Promise<void> {
  const points = checkNumbers(headerOf(zkey));
  const inverse = inverseOf(MONTGOMERY);
  const at = (index: number): bigint => elementAt(points, index, inverse);
  const g1 = (index: number): G1 => [at(index), at(index + 1)];
  const g2 = (index: number): G2 => [[at(index), at(index + 1)], [at(index + 2), at(index + 3)]];
  // alpha₁ beta₁ beta₂ gamma₂ delta₁ delta₂, two numbers or four each
  const theirs = [g1(0), g2(4), g2(8), g2(14)];
  if (theirs.flat(2).some((value, i) => value !== [key.alpha, key.beta, key.gamma, key.delta].flat(2)[i])) return refuse("of another verification key");
  await checkG1(g1(2), "beta");
  await checkG1(g1(12), "delta");
}
