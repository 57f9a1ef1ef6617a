// Compiles the gate's circuit into build/gate, where the build, the tests and Python's tools find it:
//
//   gate.wasm   computes the witness; goes to the browser as well
//   gate.r1cs   the constraints, from which an operator makes the set-up (`openmai gate setup`)
//
// Same source and compiler, same bytes: both are pinned in pins.json like the ceremony's artifacts, so a changed
// circuit, library or compiler stops the build until somebody looks at it and pins the new hash.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.resolve(HERE, "..", "..");
const OUT = path.join(ROOT, "build", "gate");
const SOURCE = path.join(HERE, "gate.circom");
const COMPILER = path.join(ROOT, "node_modules", "circom2", "cli.js");
const FILES = ["gate.wasm", "gate.r1cs"];

const run = promisify(execFile);
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const hashOf = async (file) => sha256(await readFile(file));

/** Full simplification (--O2) leaves 7,975 constraints, which fit a domain of 2^13; the default would need 2^14. */
async function compile(folder) {
  // The compiler sees the folder that it runs in and nothing above it, hence addresses from there.
  const [source, out] = [SOURCE, folder].map((each) => path.relative(ROOT, each));
  const options = [source, "--wasm", "--r1cs", "--O2", "-l", "node_modules", "-o", out];
  await run(process.execPath, [COMPILER, ...options], { cwd: ROOT }).catch(({ stdout, stderr }) => {
    throw new Error(`the gate's circuit does not compile:\n${stdout}${stderr}`);
  });
  await rename(path.join(folder, "gate_js", "gate.wasm"), path.join(folder, "gate.wasm"));
}

/** The name of the first file in `folder` that is not the pinned one, with its hash; null when both are. */
async function firstWrong(folder, pins) {
  for (const name of FILES) {
    const found = await hashOf(path.join(folder, name)).catch(() => "missing");
    if (found !== pins[name]) return `${name} has SHA-256 ${found}, but ${pins[name]} is pinned`;
  }
  return null;
}

/**
 * Makes sure that build/gate holds the pinned files, and returns the bytes of gate.wasm. Ten seconds the first time;
 * nothing is compiled while the files are the pinned ones and the source is the one that they were made of.
 */
export async function buildGate(pins) {
  const source = await hashOf(SOURCE);
  if (source !== pins["gate.circom"]) throw new Error(`gate.circom has SHA-256 ${source}, but ${pins["gate.circom"]} is pinned`);
  if ((await firstWrong(OUT, pins)) !== null) await rebuild(pins);
  return readFile(path.join(OUT, "gate.wasm"));
}

async function rebuild(pins) {
  await mkdir(OUT, { recursive: true });
  const folder = await mkdtemp(path.join(OUT, "compile-"));
  try {
    await compile(folder);
    const wrong = await firstWrong(folder, pins);
    if (wrong !== null) throw new Error(`${wrong}: the circuit, its library or its compiler was changed, nothing is built`);
    for (const name of FILES) await rename(path.join(folder, name), path.join(OUT, name));
  } finally {
    await rm(folder, { recursive: true });
  }
}
