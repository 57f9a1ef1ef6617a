/**
 * Checks a proof file with nothing but this program (docs/protocol.md §8): the same claims in the same order as the
 * command line's `openmai verify`.
 */
import { aliasOf } from "./alias.ts";
import { checkText, parseContent, type Content } from "./content.ts";
import { canonicalJson, circuitInput, Domain, fingerprint } from "./encoding.ts";
import { ProofError } from "./errors.ts";
import { equalBytes, parseDecimal, parseHex, toHex } from "./field.ts";
import { verify } from "./groth16.ts";
import { carried, parseCarried, type SignedHead } from "./log/checkpoint.ts";
import { checkOrder, checkRosterLogged, checkTickLogged, checkWitnesses, parseLogPart, type LogPart } from "./log/part.ts";
import type { Head } from "./log/tree.ts";
import type { ClaimName, LogFacts, RosterKind, Verdict } from "./messages.ts";
import { isSignedBy } from "./personas.ts";
import { decompress } from "./points.ts";
import { kindOf, openStatement, parseLabel, type Opened, type RosterStatement } from "./rosters.ts";
import { documentId, exactKeys, parseCanonical, parseRosterId, parseSeason, parseSite, type Fields } from "./schema.ts";

/** The order in which the claims are checked. */
export const CLAIMS: readonly ClaimName[] = [
  "form", "thread", "content", "signature", "roster", "label", "alias", "proof", "log-roster", "log-tick", "log-order", "witnesses",
];

const FIELDS = ["type", "site", "season", "opening", "content", "key", "signature", "join", "persona", "statement", "log"];
const MAX_FILE = 196_608;
const MAX_NAME = 120;
const KINDS: readonly unknown[] = ["provable", "attested", "site"];

interface ProofFile {
  readonly domain: Domain;
  readonly opening: Content;
  readonly content: Content;
  readonly key: Uint8Array;
  readonly signature: Uint8Array;
  readonly join: { roster: string; root: bigint; nullifier: bigint; checkpoint: string; proof: Uint8Array; first: Uint8Array };
  readonly persona: { alias: { en: string; zh: string }; label: unknown; kind: RosterKind };
  readonly statement: unknown;
  readonly log: LogPart;
}

/** The post so far: what each claim adds for the next. */
interface Found {
  file?: ProofFile;
  threadId?: Uint8Array;
  contentId?: Uint8Array;
  roster?: Opened<RosterStatement>;
  signed?: SignedHead;
  witnesses?: readonly string[];
}

/** Whom to believe: the only roster key, and the log's key with its witnesses; null accepts what the file names itself. */
export interface Trust {
  readonly rosterKey: string | null;
  readonly log: LogFacts | null;
}

const refuse = (detail: string): never => {
  throw new ProofError("not-canonical", detail);
};

function parseJoin(value: unknown): ProofFile["join"] {
  const join = exactKeys(value, ["roster", "root", "nullifier", "checkpoint", "proof", "first"]);
  const [root, nullifier] = [parseDecimal(join.root, "root"), parseDecimal(join.nullifier, "nullifier")];
  if (root === 0n || nullifier === 0n) return refuse("a root or nullifier of 0 proves nothing");
  return {
    roster: parseRosterId(join.roster),
    root,
    nullifier,
    checkpoint: carried(parseCarried(join.checkpoint)),
    proof: parseHex(join.proof, 128, "proof"),
    first: parseHex(join.first, 32, "first"),
  };
}

function parsePersona(value: unknown): ProofFile["persona"] {
  const { alias, label, kind } = exactKeys(value, ["alias", "label", "kind"]);
  const { en, zh } = exactKeys(alias, ["en", "zh"]);
  if (!KINDS.includes(kind)) return refuse("kind");
  return { alias: { en: checkText(en, "alias", 0, MAX_NAME), zh: checkText(zh, "alias", 0, MAX_NAME) }, label: parseLabel(label), kind: kind as RosterKind };
}

function parseFile(bytes: Uint8Array): ProofFile {
  if (bytes.length > MAX_FILE) return refuse("the file is too large");
  const fields: Fields = exactKeys(parseCanonical(bytes), FIELDS);
  if (fields.type !== "openmai/proof/v1") return refuse("type");
  return {
    domain: new Domain(parseSite(fields.site), parseSeason(fields.season)),
    opening: parseContent(fields.opening),
    content: parseContent(fields.content),
    key: parseHex(fields.key, 32, "key"),
    signature: parseHex(fields.signature, 64, "signature"),
    join: parseJoin(fields.join),
    persona: parsePersona(fields.persona),
    statement: fields.statement,
    log: parseLogPart(fields.log),
  };
}

function checkThread({ domain, opening }: ProofFile): Uint8Array {
  if (opening.type !== "openmai/thread/v1") return refuse("the opening is no opening");
  if (opening.site !== domain.site || opening.season !== domain.season) return refuse("the opening is of another site or season");
  return documentId(opening);
}

function checkContent({ domain, opening, content }: ProofFile, threadId: Uint8Array): Uint8Array {
  if (content.site !== domain.site || content.season !== domain.season) return refuse("another site or season");
  const belongs =
    content.type === "openmai/thread/v1"
      ? equalBytes(canonicalJson(content), canonicalJson(opening))
      : content.thread === toHex(threadId);
  return belongs ? documentId(content) : refuse("the content does not belong to the thread");
}

function checkRoster({ domain, join, statement }: ProofFile, rosterKey: Uint8Array | null): Opened<RosterStatement> {
  const opened = openStatement(statement, rosterKey);
  const { site, season, roster, root } = opened.statement;
  if (site !== domain.site || season !== domain.season) return refuse("the roster is of another site or season");
  if (roster !== join.roster || root !== join.root) return refuse("the roster is not the one that the proof names");
  return opened;
}

function checkLabel({ persona }: ProofFile, { label, roster }: RosterStatement): void {
  const same = equalBytes(canonicalJson(persona.label), canonicalJson(label));
  if (!same || persona.kind !== kindOf(roster)) refuse("the label is not the roster's");
}

function checkAlias({ persona, join }: ProofFile): void {
  const { en, zh } = aliasOf(join.nullifier);
  if (persona.alias.en !== en || persona.alias.zh !== zh) refuse("the alias is not the nullifier's");
}

async function checkProof({ domain, join, key }: ProofFile, threadId: Uint8Array): Promise<void> {
  const { roster, root, nullifier, checkpoint, first, proof } = join;
  const message = domain.joinMessage({ threadId, key, roster, root, checkpoint, first });
  const signals = { root, nullifier, message: circuitInput(message), scope: circuitInput(domain.threadScope(threadId)) };
  if (!(await verify(20, decompress(proof), signals))) refuse("the proof does not hold");
}

type Checks = Readonly<Record<ClaimName, () => void | Promise<void>>>;

function checksOf(bytes: Uint8Array, { rosterKey, log }: Trust, found: Found): Checks {
  const key = rosterKey === null ? null : parseHex(rosterKey, 32, "roster key");
  const joined = (): Head => parseCarried(found.file!.join.checkpoint);
  return {
    form: () => void (found.file = parseFile(bytes)),
    thread: () => void (found.threadId = checkThread(found.file!)),
    content: () => void (found.contentId = checkContent(found.file!, found.threadId!)),
    signature: () => {
      const { key: signer, signature, domain } = found.file!;
      if (!isSignedBy(signer, signature, domain.actionBytes(found.contentId!))) refuse("signature");
    },
    roster: () => void (found.roster = checkRoster(found.file!, key)),
    label: () => checkLabel(found.file!, found.roster!.statement),
    alias: () => checkAlias(found.file!),
    proof: () => checkProof(found.file!, found.threadId!),
    "log-roster": () => void (found.signed = checkRosterLogged(found.file!.log, joined(), found.roster!, found.file!.statement, log)),
    "log-tick": () => checkTickLogged(found.file!.log, found.signed!, found.file!.domain, found.contentId!),
    "log-order": () => checkOrder(found.file!.log, joined()),
    witnesses: () => void (found.witnesses = checkWitnesses(found.file!.log, found.signed!, log)),
  };
}

/** What the claims of a proof file rest on, for whoever looks further. */
export interface Examined {
  readonly verdict: Verdict;
  /** Null if a claim fell. */
  readonly rest: { readonly roster: RosterStatement; readonly envelope: unknown; readonly log: LogPart; readonly joined: Head; readonly signed: SignedHead } | null;
}

/** Checks every claim in order and stops at the first that falls. `passed` is told each claim. */
export async function verifyProofFile(bytes: Uint8Array, trust: Trust, passed: (claim: ClaimName) => void): Promise<Verdict> {
  return (await examine(bytes, trust, passed)).verdict;
}

export async function examine(bytes: Uint8Array, trust: Trust, passed: (claim: ClaimName) => void): Promise<Examined> {
  const found: Found = {};
  const checks = checksOf(bytes, trust, found);
  const held: ClaimName[] = [];
  for (const claim of CLAIMS) {
    try {
      await checks[claim]();
    } catch (error) {
      return { verdict: { passed: held, failed: claim, detail: error instanceof ProofError ? error.detail || error.code : "", post: null }, rest: null };
    }
    held.push(claim);
    passed(claim);
  }
  const { file, roster, signed, witnesses } = found as Required<Found>;
  return {
    verdict: { passed: held, failed: null, detail: "", post: describe(file, roster, witnesses) },
    rest: { roster: roster.statement, envelope: file.statement, log: file.log, joined: parseCarried(file.join.checkpoint), signed },
  };
}

function describe({ domain, opening, content, persona, log }: ProofFile, { statement, key }: Opened<RosterStatement>, witnesses: readonly string[]): Verdict["post"] {
  return {
    site: domain.site,
    season: domain.season,
    kind: persona.kind,
    label: statement.label,
    alias: persona.alias,
    live: statement.live,
    published: statement.published,
    fingerprint: fingerprint(toHex(key)),
    logFingerprint: fingerprint(toHex(log.key)),
    tick: log.tick.time,
    witnesses,
    title: opening.type === "openmai/thread/v1" ? opening.title : null,
    body: content.body,
  };
}
