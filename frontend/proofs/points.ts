/**
 * Groth16 points over BN254 in arkworks' compressed form: A (32 bytes) ‖ B (64) ‖ C (32).
 *
 * x is little-endian; the top bit says that y is the greater of y and −y; the bit below it marks infinity, which no
 * honest proof contains. In the quadratic extension c0 comes first, and c1 decides which of two values is greater.
 */
import { ProofError } from "./errors.ts";
import { concat, fromBytes, le32 } from "./field.ts";

/** Order of BN254's base field (EIP-196). */
export const P = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;

/** An element c0 + c1·u of the quadratic extension, u² = −1. */
export type Fp2 = readonly [c0: bigint, c1: bigint];
export type G1 = readonly [x: bigint, y: bigint];
export type G2 = readonly [x: Fp2, y: Fp2];

export interface Points {
  readonly a: G1;
  readonly b: G2;
  readonly c: G1;
}

const mod = (value: bigint): bigint => ((value % P) + P) % P;

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, mod(base)];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

/** A square root, or null: P ≡ 3 (mod 4), so value^((P+1)/4) is one if there is any. */
function sqrt(value: bigint): bigint | null {
  const root = power(value, (P + 1n) / 4n);
  return mod(root * root - value) === 0n ? root : null;
}

const inverse = (value: bigint): bigint => power(value, P - 2n);
const multiply = ([a, b]: Fp2, [c, d]: Fp2): Fp2 => [mod(a * c - b * d), mod(a * d + b * c)];
const equal = ([a, b]: Fp2, [c, d]: Fp2): boolean => a === c && b === d;

/** A square root in the extension, or null, from the norm's (the complex method). */
function sqrt2([c0, c1]: Fp2): Fp2 | null {
  const norm = sqrt(mod(c0 * c0 + c1 * c1));
  if (norm === null) return null;
  for (const sign of [norm, P - norm]) {
    const x = sqrt(mod((c0 + sign) * inverse(2n)));
    if (x === null) continue;
    if (x === 0n) {
      const y = sqrt(mod(-c0));
      if (y !== null && equal(multiply([0n, y], [0n, y]), [c0, c1])) return [0n, y];
      continue;
    }
    const root: Fp2 = [x, mod(c1 * inverse(2n * x))];
    if (equal(multiply(root, root), [c0, c1])) return root;
  }
  return null;
}

const isGreater = (y: bigint): boolean => y > P - y;
const negate2 = ([c0, c1]: Fp2): Fp2 => [mod(-c0), mod(-c1)];

function isGreater2(y: Fp2): boolean {
  const opposite = negate2(y);
  return y[1] > opposite[1] || (y[1] === opposite[1] && y[0] > opposite[0]);
}

function withFlag(bytes: Uint8Array, greater: boolean): Uint8Array {
  if (greater) bytes[bytes.length - 1]! |= 0x80;
  return bytes;
}

/** 128 bytes. */
export function compress({ a, b, c }: Points): Uint8Array<ArrayBuffer> {
  const one = ([x, y]: G1): Uint8Array => withFlag(le32(x), isGreater(y));
  const two = ([x, y]: G2): Uint8Array => withFlag(concat(le32(x[0]), le32(x[1])), isGreater2(y));
  return concat(one(a), two(b), one(c));
}

function readCoordinate(bytes: Uint8Array): bigint {
  const value = fromBytes(bytes.slice().reverse());
  if (value >= P) throw new ProofError("not-canonical", "a coordinate of the proof is not reduced");
  return value;
}

/** Splits the flags from the last byte; refuses the mark of infinity. */
function splitFlag(bytes: Uint8Array): [Uint8Array, boolean] {
  const plain = bytes.slice();
  const flags = plain[plain.length - 1]!;
  if (flags & 0x40) throw new ProofError("not-canonical", "a point of the proof is at infinity");
  plain[plain.length - 1]! &= 0x3f;
  return [plain, (flags & 0x80) !== 0];
}

function readG1(bytes: Uint8Array): G1 {
  const [plain, greater] = splitFlag(bytes);
  const x = readCoordinate(plain);
  const y = sqrt(mod(x * x * x + 3n));
  if (y === null || y === 0n) throw new ProofError("not-canonical", "a point of the proof is not on the curve");
  return [x, isGreater(y) === greater ? y : P - y];
}

/** b of the twist, 3 / (9 + u). */
const TWIST_B: Fp2 = [mod(27n * inverse(82n)), mod(-3n * inverse(82n))];

function readG2(bytes: Uint8Array): G2 {
  const [plain, greater] = splitFlag(bytes);
  const x: Fp2 = [readCoordinate(plain.subarray(0, 32)), readCoordinate(plain.subarray(32))];
  const cube = multiply(multiply(x, x), x);
  const y = sqrt2([mod(cube[0] + TWIST_B[0]), mod(cube[1] + TWIST_B[1])]);
  if (y === null || equal(y, [0n, 0n])) throw new ProofError("not-canonical", "a point of the proof is not on the curve");
  return [x, isGreater2(y) === greater ? y : negate2(y)];
}

/** Reads 128 bytes; every accepted proof has exactly one encoding. That B lies in the subgroup is checked by `groth16.ts`. */
export function decompress(bytes: Uint8Array): Points {
  if (bytes.length !== 128) throw new ProofError("not-canonical", "a proof has 128 bytes");
  return { a: readG1(bytes.subarray(0, 32)), b: readG2(bytes.subarray(32, 96)), c: readG1(bytes.subarray(96)) };
}
