/** circomlibjs has no types of its own, and its main module would bring an Ethereum library along. */
declare module "circomlibjs/poseidon" {
  type Element = Uint8Array<ArrayBuffer>;

  interface PoseidonFunction {
    /** `inputs`: the elements one after another, 32 bytes each, in the engine's own (Montgomery) form. */
    (inputs: Uint8Array): Element;
    readonly F: { e(value: bigint): Element; toObject(element: Element): bigint };
  }

  export function buildPoseidon(): Promise<PoseidonFunction>;
}
