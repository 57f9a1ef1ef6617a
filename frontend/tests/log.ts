/** A transparency log for tests: entries, heads signed by the log's own key, tiles, and witnesses who countersign. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { concat } from "../proofs/field.ts";
import { keyIdOf, toBase64, verifierKey, type NamedKey } from "../proofs/log/note.ts";
import { entriesPath, tilePath } from "../proofs/log/tiles.ts";
import { joinHashes, leafHash, subtreesOf } from "../proofs/log/tree.ts";
import type { LogFacts } from "../proofs/messages.ts";

const utf8 = new TextEncoder();
type Bytes = Uint8Array<ArrayBuffer>;

export interface Signer extends NamedKey {
  sign(message: Uint8Array): Uint8Array;
}

export function signerOf(name: string, seed: number): Signer {
  const secret = new Uint8Array(32).fill(seed);
  return { name, key: ed25519.getPublicKey(secret), sign: (message) => ed25519.sign(message, secret) };
}

export const line = (signer: Signer, kind: 1 | 4, signature: Uint8Array): string =>
  `\u2014 ${signer.name} ${toBase64(concat(keyIdOf(signer, kind), signature))}\n`;

export function cosign(witness: Signer, text: string, time = 1_700_000_000): string {
  const stamp = new Uint8Array(8);
  new DataView(stamp.buffer).setBigUint64(0, BigInt(time));
  return line(witness, 4, concat(stamp, witness.sign(utf8.encode(`cosignature/v1\ntime ${time}\n${text}`))));
}

export class TestLog {
  readonly entries: Bytes[] = [];

  constructor(
    readonly signer: Signer,
    readonly witnesses: readonly Signer[] = [],
  ) {}

  static of(site: string, entries = 0, witnesses: readonly Signer[] = []): TestLog {
    const log = new TestLog(signerOf(`${site}/log`, 7), witnesses);
    for (let i = 0; i < entries; i++) log.append(`entry ${i}`);
    return log;
  }

  get facts(): LogFacts {
    const witnesses = this.witnesses.map((witness) => verifierKey(witness, 4));
    return { origin: this.signer.name, key: verifierKey(this.signer, 1), witnesses, quorum: witnesses.length };
  }

  /** Returns the entry's index. */
  append(entry: string | Bytes): number {
    return this.entries.push(typeof entry === "string" ? utf8.encode(entry) : entry) - 1;
  }

  /** Written straight from RFC 6962, to compare the code under test with. */
  hashOf(first: number, end: number): Uint8Array {
    if (end - first === 1) return leafHash(this.entries[first]!);
    return joinHashes(subtreesOf(first, end).map(({ level, index }) => this.perfect(level, index)));
  }

  private readonly known = new Map<string, Uint8Array>();

  private perfect(level: number, index: number): Uint8Array {
    const name = `${level}/${index}`;
    const found = this.known.get(name) ?? (level === 0 ? leafHash(this.entries[index]!) : joinHashes([this.perfect(level - 1, 2 * index), this.perfect(level - 1, 2 * index + 1)]));
    this.known.set(name, found);
    return found;
  }

  get size(): number {
    return this.entries.length;
  }

  root(size = this.size): Uint8Array {
    return size === 0 ? joinHashes([]) : this.hashOf(0, size);
  }

  body(size = this.size): string {
    return `${this.signer.name}\n${size}\n${toBase64(this.root(size))}\n`;
  }

  /** The checkpoint, signed by the log and by its witnesses. */
  checkpoint(size = this.size): string {
    const body = this.body(size);
    return `${body}\n${line(this.signer, 1, this.signer.sign(utf8.encode(body)))}${this.witnesses.map((witness) => cosign(witness, body)).join("")}`;
  }

  /** Everything that is served under /log/ at `size`. */
  files(size = this.size): Map<string, Bytes> {
    const files = new Map([["/log/checkpoint", utf8.encode(this.checkpoint(size)) as Bytes]]);
    for (let index = 0; index * 256 < size; index++) {
      const entries = this.entries.slice(index * 256, Math.min(size, (index + 1) * 256));
      files.set(`/log/${entriesPath(index, entries.length)}`, concat(...entries.map((entry) => concat(Uint8Array.of(entry.length >> 8, entry.length & 255), entry))));
    }
    for (let [level, hashes] = [0, size]; hashes > 0; [level, hashes] = [level + 1, Math.floor(hashes / 256)]) {
      for (let index = 0; index * 256 < hashes; index++) {
        const width = Math.min(256, hashes - index * 256);
        const row = Array.from({ length: width }, (_, i) => this.perfect(8 * level, index * 256 + i));
        files.set(`/log/${tilePath({ level, index, width })}`, concat(...row));
      }
    }
    return files;
  }
}

/** A server of these files that counts what it is asked. */
export class TestServer {
  readonly asked: string[] = [];

  constructor(public files: Map<string, Bytes>) {}

  readonly fetch = (url: string): Promise<Response> => {
    this.asked.push(url);
    const body = this.files.get(url);
    return Promise.resolve(new Response(body ?? null, { status: body === undefined ? 404 : 200 }));
  };
}
