import { describe, expect, it } from "vitest";

// @ts-expect-error: a build script without types
import { expandLightDark } from "../styles/build.mjs";

describe("light-dark()", () => {
  it("becomes two switches", () => {
    expect(expandLightDark("a{color:light-dark(#fff, #000);b:c}")).toBe("a{color:var(--light,#fff)var(--dark,#000);b:c}");
  });

  it("keeps brackets and commas of its arguments", () => {
    expect(expandLightDark("light-dark(rgb(1,2,3), hsl(4,5,6))!light-dark(a,b)")).toBe(
      "var(--light,rgb(1,2,3))var(--dark,hsl(4,5,6))!var(--light,a)var(--dark,b)",
    );
  });

  it("refuses a single argument", () => {
    expect(() => expandLightDark("light-dark(red)")).toThrow("two arguments");
  });
});
