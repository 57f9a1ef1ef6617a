// The glyph avatar of an alias, drawn exactly as src/openmai/web/glyph.py draws it.
const HUES = 12;
const TONES = 3;
const LEAST_BYTES = 14;

/** The twelve triangles of the right half: x and top of the upright side, and where the tip lies. */
function half(): [x: number, top: number, tip: number][] {
  const triangles: [number, number, number][] = [];
  for (const column of [0, 1]) {
    const sides = 4 - column;
    for (let i = 0; i < sides; i++) triangles.push([column, 2 * i - sides, 1]);
    for (let i = 0; i < sides - 1; i++) triangles.push([column + 1, 2 * i - sides + 1, -1]);
  }
  return triangles;
}

const path = (x: number, top: number, tip: number): string => `M${x === 0 ? 0 : x} ${top}v2l${tip}-1z`;
const PATHS = half().map(([x, top, tip]) => path(x, top, tip) + path(-x, top, -tip));

/** The path data of the three tones and the hue for `data` (at least 14 bytes: what follows h[8] of the alias). */
export function glyphPaths(data: Uint8Array): { hue: number; tones: string[] } {
  if (data.length < LEAST_BYTES) throw new RangeError(`a glyph needs ${LEAST_BYTES} bytes, not ${data.length}`);
  const tones = Array.from({ length: TONES }, () => "");
  PATHS.forEach((triangle, i) => {
    tones[data[i + 2]! % TONES] += triangle;
  });
  return { hue: data[0]! % HUES, tones };
}

/** The picture as an element, hidden from assistive technology, because the alias's name stands beside it. */
export function glyphElement(data: Uint8Array): SVGSVGElement {
  const { hue, tones } = glyphPaths(data);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `glyph glyph-h${hue}`);
  svg.setAttribute("viewBox", "-2 -4 4 8");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  tones.forEach((d, tone) => {
    if (d === "") return;
    const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
    shape.setAttribute("class", `glyph-t${tone}`);
    shape.setAttribute("d", d);
    svg.append(shape);
  });
  return svg;
}
