// Compiles the style sheet with Tailwind's own command line: what the templates use, and nothing else.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const CLI = path.join(HERE, "..", "..", "node_modules", "@tailwindcss", "cli", "dist", "index.mjs");

/** The pictures that the pages name by themselves: {logical name: file}. */
const PICTURES = ["icon-people.svg", "icon-talk.svg"];

/**
 * Writes `light-dark(a, b)` as `var(--light,a)var(--dark,b)`, which browsers before 2024 understand too: of the two
 * switches (tokens.css) one is always `initial`, so that its fallback counts, and the other one empty.
 */
export function expandLightDark(css) {
  const mark = "light-dark(";
  let out = "";
  let at = 0;
  for (let start = css.indexOf(mark); start !== -1; start = css.indexOf(mark, at)) {
    const { comma, close } = splitArguments(css, start + mark.length);
    const light = css.slice(start + mark.length, comma).trim();
    const dark = css.slice(comma + 1, close).trim();
    out += `${css.slice(at, start)}var(--light,${light})var(--dark,${dark})`;
    at = close + 1;
  }
  return out + css.slice(at);
}

/** Where the comma between two arguments and the closing bracket stand, counting brackets from `from`. */
function splitArguments(css, from) {
  let depth = 0;
  let comma = -1;
  for (let i = from; i < css.length; i++) {
    if (css[i] === "(") depth++;
    else if (css[i] === "," && depth === 0) comma = i;
    else if (css[i] === ")" && depth-- === 0) {
      if (comma === -1) break;
      return { comma, close: i };
    }
  }
  throw new Error(`light-dark() with no two arguments: ${css.slice(from, from + 60)}`);
}

/** The minified style sheet, as bytes. Rejects with the compiler's message when it does not compile. */
export async function compileStyles() {
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, "-i", path.join(HERE, "app.css"), "--minify"], {
    cwd: HERE,
    maxBuffer: 16 * 1024 * 1024,
  });
  return Buffer.from(expandLightDark(stdout), "utf8");
}

/** The pictures as [logical name, bytes]. */
export async function readPictures() {
  return Promise.all(PICTURES.map(async (name) => [name, await readFile(path.join(HERE, name))]));
}
