/** Proving artifacts: fetched from our own origin, refused unless their SHA-256 is the pinned one. */
import { ProofError } from "./errors.ts";
import { sha256 } from "./encoding.ts";
import { toHex } from "./field.ts";

export type Depth = 1 | 20;

export interface Artifacts {
  readonly depth: Depth;
  readonly wasm: Uint8Array;
  readonly zkey: Uint8Array;
}

/** Where a file lies, what it must be, and how long it is; filled in by `build.mjs`. */
export interface ArtifactAddress {
  readonly url: string;
  readonly sha256: string;
  readonly bytes: number;
}

export type ArtifactAddresses = Readonly<Record<string, ArtifactAddress>>;
/** `fresh` asks past every cache. */
export type Fetch = (url: string, fresh?: boolean) => Promise<Response>;

/** Loads and checks both files of `depth`; `progress` is told the bytes received and the total. */
export async function loadArtifacts(
  depth: Depth,
  addresses: ArtifactAddresses,
  fetcher: Fetch,
  progress: (received: number, total: number) => void,
): Promise<Artifacts> {
  const files = ["wasm", "zkey"].map((kind) => addresses[`semaphore-${depth}.${kind}`]!);
  const [wasm, zkey] = await fetchChecked(files, fetcher, progress);
  return { depth, wasm: wasm!, zkey: zkey! };
}

/** Fetches files that must have these lengths and hashes, at once; `progress` is told the bytes received of all of them. */
export function fetchChecked(files: readonly ArtifactAddress[], fetcher: Fetch, progress: (received: number, total: number) => void): Promise<Uint8Array[]> {
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  let received = 0;
  const load = async (file: ArtifactAddress): Promise<Uint8Array> =>
    readChecked(await fetcher(file.url), file, (bytes) => progress((received += bytes), total));
  return Promise.all(files.map(load));
}

async function readChecked(response: Response, file: ArtifactAddress, progress: (bytes: number) => void): Promise<Uint8Array> {
  if (!response.ok || response.body === null) throw new ProofError("server", file.url, { status: response.status });
  const bytes = new Uint8Array(file.bytes);
  let offset = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (offset + value.length > bytes.length) throw new ProofError("artifact-altered", file.url);
    bytes.set(value, offset);
    offset += value.length;
    progress(value.length);
  }
  if (offset !== bytes.length || toHex(sha256(bytes)) !== file.sha256) throw new ProofError("artifact-altered", file.url);
  return bytes;
}
