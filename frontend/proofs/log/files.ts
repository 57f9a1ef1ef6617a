/** The log's own files, as the site serves them: the same for everybody who reads the log. */
import type { Fetch } from "../artifacts.ts";
import { ProofError } from "../errors.ts";
import type { LogSource } from "./deep.ts";
import { entriesPath } from "./tiles.ts";

const WIDTH = 256;
const MAX_NOTE = 65_536;
/** A length in two bytes, and as many bytes as it can say. */
const MAX_ENTRY = 2 + 65_535;

/** The beginning of a file of entries that has grown since the checkpoint was made. */
function firstEntries(data: Uint8Array, width: number): Uint8Array {
  let at = 0;
  for (let count = 0; count < width; count++) at += 2 + (data[at] ?? 0) * 256 + (data[at + 1] ?? 0);
  return data.subarray(0, at);
}

export class LogFiles implements LogSource {
  constructor(private readonly fetcher: Fetch) {}

  checkpoint(): Promise<Uint8Array> {
    return this.bytes("checkpoint", MAX_NOTE, true);
  }

  async entries(index: number, width: number): Promise<Uint8Array> {
    try {
      return await this.bytes(entriesPath(index, width), width * MAX_ENTRY);
    } catch (error) {
      const absent = error instanceof ProofError && error.parameters["status"] === 404;
      if (!absent || width === WIDTH) throw error;
      return firstEntries(await this.bytes(entriesPath(index, WIDTH), WIDTH * MAX_ENTRY), width);
    }
  }

  private async bytes(path: string, most: number, fresh = false): Promise<Uint8Array> {
    const response = await this.fetcher(`/log/${path}`, fresh);
    if (!response.ok) throw new ProofError("server", path, { status: response.status });
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes.length > most) throw new ProofError("log-malformed", `${path} is too long`);
    return bytes;
  }
}
