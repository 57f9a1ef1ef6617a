/** What the proving libraries offer beyond their published types. Field elements are 32 bytes in Montgomery form. */
import "snarkjs";

declare module "snarkjs" {
  type Element = Uint8Array<ArrayBuffer>;

  interface Group {
    fromObject(point: readonly unknown[]): Element;
    timesScalar(point: Element, scalar: bigint): Element;
    isZero(point: Element): boolean;
    isValid(point: Element): boolean;
    add(a: Element, b: Element): Element;
    neg(point: Element): Element;
  }

  interface Curve {
    readonly G1: Group;
    readonly G2: Group;
    readonly r: bigint;
    /** Whether the product of the pairings of the pairs (G1, G2) is one. */
    pairingEq(...pairs: Element[]): Promise<boolean>;
  }

  namespace curves {
    function getCurveFromName(name: "bn128", options: { singleThread: true }): Promise<Curve>;
  }
}
