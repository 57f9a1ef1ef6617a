/** Constraints of a compiled circuit (iden3's r1cs format), to judge witnesses that no witness generator would make. */
import { R } from "../proofs/field.ts";

/** A sum of wires: pairs of a wire's number and its factor. */
type Sum = readonly (readonly [wire: number, factor: bigint])[];
type Constraint = readonly [a: Sum, b: Sum, c: Sum];

export interface Circuit {
  readonly wires: number;
  readonly outputs: number;
  readonly publicInputs: number;
  readonly privateInputs: number;
  readonly constraints: readonly Constraint[];
}

class Reader {
  private offset = 0;
  constructor(private readonly view: DataView) {}

  u32(): number {
    return this.view.getUint32((this.offset += 4) - 4, true);
  }

  u64(): number {
    return Number(this.view.getBigUint64((this.offset += 8) - 8, true));
  }

  field(): bigint {
    let value = 0n;
    for (let word = 3; word >= 0; word--) value = (value << 64n) | this.view.getBigUint64(this.offset + 8 * word, true);
    this.offset += 32;
    return value;
  }

  list<T>(length: number, read: () => T): T[] {
    return Array.from({ length }, read);
  }

  /** Where each section begins, by its number. */
  sections(): Map<number, number> {
    this.offset = 8; // "r1cs" and the version
    const found = new Map<number, number>();
    for (let left = this.u32(); left > 0; left--) {
      const [type, size] = [this.u32(), this.u64()];
      found.set(type, this.offset);
      this.offset += size;
    }
    return found;
  }

  at(offset: number): this {
    this.offset = offset;
    return this;
  }
}

export function readR1cs(bytes: Uint8Array): Circuit {
  const reader = new Reader(new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
  const sections = reader.sections();
  if (reader.at(sections.get(1)!).u32() !== 32 || reader.field() !== R) throw new Error("not over BN254");
  const [wires, outputs, publicInputs, privateInputs] = [reader.u32(), reader.u32(), reader.u32(), reader.u32()];
  reader.u64(); // labels
  const length = reader.u32();
  reader.at(sections.get(2)!);
  const sum = (): Sum => reader.list(reader.u32(), () => [reader.u32(), reader.field()] as const);
  const constraints = reader.list(length, (): Constraint => [sum(), sum(), sum()]);
  return { wires, outputs, publicInputs, privateInputs, constraints };
}

const value = (sum: Sum, witness: readonly bigint[]): bigint => sum.reduce((total, [wire, factor]) => total + factor * witness[wire]!, 0n);

export const holds = ([a, b, c]: Constraint, witness: readonly bigint[]): boolean =>
  (value(a, witness) * value(b, witness) - value(c, witness)) % R === 0n;

/** For each wire the constraints that it stands in. */
export function constraintsOfWires({ wires, constraints }: Circuit): Constraint[][] {
  const found: Constraint[][] = Array.from({ length: wires }, () => []);
  for (const constraint of constraints) {
    for (const wire of new Set(constraint.flat().map(([each]) => each))) found[wire]!.push(constraint);
  }
  return found;
}
