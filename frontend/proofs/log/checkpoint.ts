/** Heads of the log: checkpoints as the log signs them (C2SP tlog-checkpoint), and as a join carries them. */
import { ProofError } from "../errors.ts";
import { fromBase64, isNoteSignedBy, parseNote, toBase64, type NamedKey, type Note } from "./note.ts";
import type { Head } from "./tree.ts";

const SIZE = "(?:0|[1-9][0-9]{0,15})";
const BODY = new RegExp(`^([^\\n]+)\\n(${SIZE})\\n([^\\n]+)\\n$`);
const CARRIED = new RegExp(`^(${SIZE}) (\\S+)$`);

/** A head that the log has signed. */
export interface SignedHead extends Head {
  readonly note: Note;
  /** The note as it came, with its signatures: what is kept as evidence. */
  readonly signed: string;
}

const refuse = (detail: string): never => {
  throw new ProofError("log-malformed", detail);
};

function parseHead(size: string, root: string): Head {
  const head = { size: Number(size), root: fromBase64(root, "the root") };
  return Number.isSafeInteger(head.size) && head.root.length === 32 ? head : refuse("size or root");
}

/** The origin's line, for a site's log; also the name of its key. */
export const originOf = (site: string): string => `${site}/log`;

/**
 * Reads a checkpoint and insists on the log's signature. Throws `log-malformed`, or `log-unsigned` if the signature is
 * missing, broken, or another key's. Extension lines are refused: nobody could audit what they say.
 */
export function openCheckpoint(bytes: Uint8Array, log: NamedKey): SignedHead {
  const note = parseNote(bytes);
  if (!isNoteSignedBy(note, log)) throw new ProofError("log-unsigned");
  const [, origin, size, root] = BODY.exec(note.text) ?? refuse("the checkpoint has other lines than three");
  if (origin !== log.name) return refuse("the checkpoint is another log's");
  return { ...parseHead(size!, root!), note, signed: new TextDecoder().decode(bytes) };
}

/** A head as a join carries it: `<size> <base64 root>`. */
export const carried = ({ size, root }: Head): string => `${size} ${toBase64(root)}`;

/** Reads what a join carries; only the one form of it. */
export function parseCarried(text: unknown): Head {
  const [, size, root] = (typeof text === "string" ? CARRIED.exec(text) : null) ?? refuse("a carried checkpoint");
  const head = parseHead(size!, root!);
  return head.size > 0 ? head : refuse("a carried checkpoint of an empty log");
}
