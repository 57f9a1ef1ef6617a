import { describe, expect, it } from "vitest";

import vectors from "../../tests/architecture/glyph_vectors.json" with { type: "json" };
import { glyphPaths } from "../ui/glyph.ts";

describe("the glyph avatar", () => {
  it.each(vectors)("is drawn as the server draws it: $data", ({ data, hue, tones }) => {
    const bytes = Uint8Array.from(data.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    expect(glyphPaths(bytes)).toEqual({ hue, tones });
  });

  it("refuses too few bytes", () => {
    expect(() => glyphPaths(new Uint8Array(13))).toThrow(RangeError);
  });
});
