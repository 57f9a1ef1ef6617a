/** What the proving libraries offer beyond their published types. Field elements are 32 bytes in Montgomery form. */
import "snarkjs";

declare module "snarkjs" {
  type Element = Uint8Array<ArrayBuffer>;

  interface Group {
    fromObject(point: readonly unknown[]): Element;
    timesScalar(point: Element, scalar: bigint): Element;
    isZero(point: Element): boolean;
    isValid(point: Element): boolean;
  }

  interface Curve {
    readonly G1: Group;
    readonly G2: Group;
    readonly r: bigint;
  }

  namespace curves {
    function getCurveFromName(name: "bn128", options: { singleThread: true }): Promise<Curve>;
  }
}
