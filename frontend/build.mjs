// Builds everything that the sites serve under /static/ into one folder:
//
//   <name>.<hash>.<js|css>                 page scripts, the worker, the style sheet
//   artifacts/semaphore-<depth>.<hash>.*   proving artifacts, refused unless their SHA-256 is the pinned one
//   artifacts/gate.<hash>.wasm             the gate's circuit, compiled here; its proving key is the operator's own
//   manifest.json                          {"logical name": "hashed path"}, written last
//
// Same input, same bytes: names carry the SHA-256 of the content, and no time or path of the machine gets in.
// The order matters: the worker is built with the artifacts' addresses inside, the page scripts with the worker's,
// so a page needs no inline script to find them.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { buildGate } from "./circuits/build.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.dirname(HERE);
const MODULES = path.join(ROOT, "node_modules");
const OUT = process.env.OPENMAI_STATIC_DIR ?? path.join(ROOT, "build", "static");
const PREFIX = "/static/";
// Beside each file lies the same, packed: WhiteNoise serves it to whoever accepts gzip.
const PACKED = ".gz";

const WORKER = "proofs/worker.ts";
// Each page loads base.js and at most one of the others. theme.js runs before the first paint, so it is no module.
const PAGES = ["ui/base.ts", "ui/talk.ts", "ui/compose.ts", "ui/identity.ts", "ui/outbox.ts", "ui/verify.ts", "ui/enrol.ts"];
const CLASSIC = ["ui/theme.ts"];

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** Writes a file that is not there yet; renamed into place, so that a server never reads half of it. */
async function place(target, make) {
  if (existsSync(target)) return;
  await writeFile(`${target}.new`, make());
  await rename(`${target}.new`, target);
}

/** Writes files under their hashed names and remembers them for the manifest. */
class Output {
  manifest = {};

  async add(logical, bytes) {
    const extension = path.posix.extname(logical);
    const hashed = `${logical.slice(0, -extension.length)}.${sha256(bytes).slice(0, 16)}${extension}`;
    const target = path.join(OUT, hashed);
    await mkdir(path.dirname(target), { recursive: true });
    await place(`${target}${PACKED}`, () => gzipSync(bytes, { level: 9 }));
    await place(target, () => bytes);
    this.manifest[logical] = hashed;
    return PREFIX + hashed;
  }

  async finish() {
    const sorted = Object.fromEntries(Object.entries(this.manifest).sort(([a], [b]) => (a < b ? -1 : 1)));
    const target = path.join(OUT, "manifest.json");
    const before = await readManifest(target);
    await writeFile(`${target}.new`, `${JSON.stringify(sorted, null, 2)}\n`);
    await rename(`${target}.new`, target);
    await removeStale(new Set([...Object.values(sorted), ...Object.values(before)]));
  }
}

async function readManifest(file) {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch {
    return {};
  }
}

/** Removes what neither this build nor the one before it wrote: a page loaded before asks for its worker only later. */
async function removeStale(current) {
  for (const entry of await readdir(OUT, { withFileTypes: true, recursive: true })) {
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    const relative = path.relative(OUT, file).split(path.sep).join("/");
    if (entry.isFile() && relative !== "manifest.json" && !current.has(relative.replace(/\.gz$/, ""))) await rm(file);
  }
}

async function readPins() {
  return JSON.parse(await readFile(path.join(HERE, "pins.json"), "utf8")).sha256;
}

/** The bytes of a file of the artifacts package; stops the build if they are not the pinned ones. */
async function readArtifact(name, pins) {
  const bytes = await readFile(path.join(MODULES, "@zk-kit", "semaphore-artifacts", name));
  const found = sha256(bytes);
  if (found !== pins[name]) {
    throw new Error(`${name} has SHA-256 ${found}, but ${pins[name]} is pinned: the artifact was altered, nothing is built`);
  }
  return bytes;
}

async function copyArtifacts(output, pins) {
  const addresses = {};
  for (const depth of [1, 20]) {
    for (const kind of ["wasm", "zkey"]) {
      const name = `semaphore-${depth}.${kind}`;
      const bytes = await readArtifact(name, pins);
      addresses[name] = { url: await output.add(`artifacts/${name}`, bytes), sha256: pins[name], bytes: bytes.length };
    }
    await readArtifact(`semaphore-${depth}.json`, pins);
  }
  const wasm = await buildGate(pins);
  addresses["gate.wasm"] = { url: await output.add("artifacts/gate.wasm", wasm), sha256: pins["gate.wasm"], bytes: wasm.length };
  return addresses;
}

const ffjavascript = path.join(MODULES, "snarkjs", "node_modules", "ffjavascript", "build", "browser.esm.js");

/** snarkjs and circomlibjs each bring a copy of ffjavascript; one is enough, and it is snarkjs's. */
const oneFieldLibrary = {
  name: "one-field-library",
  setup(build) {
    build.onResolve({ filter: /^ffjavascript$/ }, () => ({ path: ffjavascript }));
  },
};

/** Keeps the constants of Poseidon for one and two inputs: the other fourteen widths weigh 1.7 MB and are never used. */
const onlyPoseidonOfTwo = {
  name: "only-poseidon-of-two",
  setup(build) {
    build.onLoad({ filter: /poseidon_constants_opt\.js$/ }, async ({ path: file }) => {
      const { default: all } = await import(file);
      const kept = Object.fromEntries(Object.entries(all).map(([name, widths]) => [name, widths.slice(0, 2)]));
      return { contents: `export default ${JSON.stringify(kept)}`, loader: "js" };
    });
  },
};

const common = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  write: false,
  charset: "utf8",
  legalComments: "eof",
  platform: "browser",
  target: ["es2022"],
  logLevel: "warning",
  tsconfig: path.join(HERE, "tsconfig.json"),
};

async function bundle(output, entry, options) {
  const logical = `${path.basename(entry, ".ts")}.js`;
  const built = await esbuild.build({ ...common, ...options, entryPoints: [path.join(HERE, entry)] });
  return output.add(logical, built.outputFiles[0].contents);
}

async function bundleWorker(output, artifacts) {
  return bundle(output, WORKER, {
    format: "iife",
    conditions: ["browser"],
    alias: {
      "circomlibjs/poseidon": path.join(MODULES, "circomlibjs", "src", "poseidon_wasm.js"),
      // Named by the libraries for Node only; in the browser they use WebCrypto.
      os: path.join(HERE, "proofs", "empty.js"),
      crypto: path.join(HERE, "proofs", "empty.js"),
    },
    define: {
      "process.browser": "true",
      "process.env.NODE_ENV": '"production"',
      __ARTIFACTS__: JSON.stringify(artifacts),
    },
    plugins: [oneFieldLibrary, onlyPoseidonOfTwo],
  });
}

async function main() {
  await mkdir(OUT, { recursive: true });
  const output = new Output();
  const artifacts = await copyArtifacts(output, await readPins());
  const worker = await bundleWorker(output, artifacts);
  const define = { __WORKER_URL__: JSON.stringify(worker) };
  for (const entry of PAGES) await bundle(output, entry, { format: "esm", define });
  for (const entry of CLASSIC) await bundle(output, entry, { format: "iife" });
  const { compileStyles, readPictures } = await import("./styles/build.mjs");
  await output.add("app.css", await compileStyles());
  for (const [name, bytes] of await readPictures()) await output.add(name, bytes);
  await output.finish();
  console.log(`${Object.keys(output.manifest).length} files in ${path.relative(process.cwd(), OUT) || "."}`);
}

await main();
