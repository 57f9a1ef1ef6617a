/**
 * The worker: the only place where the secret exists in the clear, and the only one that proves.
 *
 * It runs on the talk origin alone. Pages send requests (`messages.ts`) and get commitments, proofs and signatures.
 * Clock, randomness and network are read here, at the outermost edge, and handed in.
 */
import { openDatabase, type Database } from "../device/database.ts";
import { readPersona, writePersona, type PersonaNote } from "../device/personas.ts";
import { sweep } from "../device/retention.ts";
import { aliasOf } from "./alias.ts";
import { loadArtifacts, type ArtifactAddresses, type Artifacts, type Depth, type Fetch } from "./artifacts.ts";
import { refuseBanned } from "./bans.ts";
import { nonceFrom, normalise, normaliseTitle, parseContent } from "./content.ts";
import { Domain } from "./encoding.ts";
import { answerTicket, readTicket } from "./enrolment.ts";
import { ProofError } from "./errors.ts";
import { equalBytes, fromBytes, parseHex, toHex } from "./field.ts";
import { Gatekeeper, slotsOf } from "./gatekeeper.ts";
import { commitmentOf, nullifierOf } from "./identity.ts";
import type { MerklePath } from "./leanimt.ts";
import type { Alias, Crowd, Draft, Method, Methods, PersonaFacts, Progress, Reply, Request, SiteFacts, Spoken } from "./messages.ts";
import { verifyDeep } from "./log/deep.ts";
import { readEvidence } from "./log/evidence.ts";
import { LogFiles } from "./log/files.ts";
import { LogWatch } from "./log/watch.ts";
import { Mirror, SMALLEST_CROWD, type CheckedRoster } from "./mirror.ts";
import { buildPoseidon, type Poseidon } from "./poseidon.ts";
import { verifyProofFile } from "./proof_file.ts";
import { receiptHolds } from "./receipts.ts";
import { kindOf, labelSlug, rostersOf } from "./rosters.ts";
import { documentId, exactKeys } from "./schema.ts";
import { PAIRING_MS, Pairing } from "./pairing.ts";
import { checkOpen, checkSeason, isOpen, openSeasons, seasonAt } from "./seasons.ts";
import { dayOf, takeSlot } from "./slots.ts";
import { actionOf, buildSubmission, makeJoin, type Action, type Join } from "./speaking.ts";
import { Vault } from "./vault.ts";

declare const __ARTIFACTS__: ArtifactAddresses;

const JOIN_HOLDS_MS = 7 * 86_400_000 - 3_600_000; // seven days, less an hour for clocks that differ

const random = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => crypto.getRandomValues(bytes);

/** 128 bits with which one proof of a batch is weighted. */
const weight = (): bigint => fromBytes(random(new Uint8Array(16)));

/** Our own origin only, without credentials, and with a name for every failure. What the API says is asked anew. */
const fetcher: Fetch = async (url, fresh = url.startsWith("/api/")) => {
  try {
    return await fetch(url, { mode: "same-origin", credentials: "omit", redirect: "error", cache: fresh ? "no-cache" : "default" });
  } catch {
    throw new ProofError("network");
  }
};

/** The site's time less this device's, in ms; null if it cannot be asked. */
async function siteClock(): Promise<number | null> {
  try {
    const response = await fetch("/api/v1/site", { mode: "same-origin", credentials: "omit", redirect: "error", cache: "no-store" });
    const date = Date.parse(response.headers.get("Date") ?? "");
    return response.ok && !Number.isNaN(date) ? date - Date.now() : null;
  } catch {
    return null;
  }
}

interface Tools {
  readonly database: Database;
  readonly poseidon: Poseidon;
  readonly vault: Vault;
  readonly log: LogWatch;
  readonly mirror: Mirror;
  readonly gatekeeper: Gatekeeper;
}

let tools: Promise<Tools> | undefined;
const loaded = new Map<Depth, Promise<Artifacts>>();

async function buildTools(): Promise<Tools> {
  const [database, poseidon] = await Promise.all([openDatabase(), buildPoseidon()]);
  await sweep(database, Date.now(), siteClock);
  const log = new LogWatch(fetcher, database);
  const gatekeeper = new Gatekeeper(fetcher, database, __ARTIFACTS__["gate.wasm"]!, log);
  return { database, poseidon, log, vault: new Vault(database, poseidon, random), mirror: new Mirror(fetcher, database, poseidon, log), gatekeeper };
}

function getTools(): Promise<Tools> {
  tools ??= buildTools().catch((error: unknown) => {
    tools = undefined; // so that the next request tries again
    throw error;
  });
  return tools;
}

type Report = (progress: Progress) => void;

function getArtifacts(depth: Depth, report: Report): Promise<Artifacts> {
  let files = loaded.get(depth);
  if (files === undefined) {
    files = loadArtifacts(depth, __ARTIFACTS__, fetcher, (done, total) => report({ stage: "artifacts", done, total }));
    loaded.set(depth, files);
    files.catch(() => loaded.delete(depth));
  }
  return files;
}

/** The member's path in a checked roster; throws `not-in-roster` or `below-floor`. */
function standingIn(roster: CheckedRoster, facts: SiteFacts): MerklePath {
  if (roster.path === null) throw new ProofError("not-in-roster", "", { roster: roster.statement.roster });
  const { settled } = roster.statement;
  const floor = Math.max(SMALLEST_CROWD, facts.floor);
  if (settled < floor) throw new ProofError("below-floor", "", { settled, floor });
  return roster.path;
}

const crowdOf = ({ statement }: CheckedRoster): Crowd => {
  const { roster, label, live, settled, published } = statement;
  return { roster, kind: kindOf(roster), label, live, settled, published };
};

async function findCrowd(facts: SiteFacts, company: string | null, report: Report): Promise<Crowd> {
  const { vault, mirror, poseidon } = await getTools();
  const commitment = commitmentOf(poseidon, await vault.secret(facts));
  const candidates = await mirror.shards(facts, rostersOf(company));
  let refusal: unknown;
  for (const roster of candidates) {
    try {
      const checked = await mirror.roster(facts, roster, commitment, report);
      standingIn(checked, facts);
      return crowdOf(checked);
    } catch (error) {
      const passable = error instanceof ProofError && ["roster-unknown", "not-in-roster", "below-floor"].includes(error.code);
      if (!passable) throw error;
      // The attested roster holds everybody, so what it says is the answer.
      refusal = error;
    }
  }
  throw refusal;
}

function draftDocument(facts: SiteFacts, draft: Draft): unknown {
  const { site, season } = facts;
  const [body, nonce] = [normalise(draft.body), nonceFrom(random)];
  if (draft.kind === "opening") {
    return { type: "openmai/thread/v1", site, season, section: draft.section, title: normaliseTitle(draft.title), body, nonce };
  }
  // A server that reuses a thread's id for other words would link personas (threat 7).
  const opening = parseContent(draft.opening);
  const fits = opening.type === "openmai/thread/v1" && opening.season === season && toHex(documentId(opening)) === draft.thread;
  if (!fits) throw new ProofError("thread-altered");
  return { type: "openmai/reply/v1", site, season, thread: draft.thread, parent: draft.parent, body, nonce };
}

async function provePath(facts: SiteFacts, roster: string, secret: bigint, report: Report): Promise<{ path: MerklePath; checkpoint: string }> {
  const { mirror, poseidon } = await getTools();
  report({ stage: "roster", done: 0, total: 0 });
  const checked = await mirror.roster(facts, roster, commitmentOf(poseidon, secret), report);
  return { path: standingIn(checked, facts), checkpoint: checked.checkpoint };
}

/** When an action is to be sent, in ms by the server's clock, and whether the slot that it had is known to be used. */
interface Plan {
  readonly sendAt: number;
  readonly slotTaken: boolean;
}

/** Both proofs. Whatever can refuse comes before them, because they take seconds. */
async function join(facts: SiteFacts, action: Action, roster: string, secret: bigint, plan: Plan, report: Report): Promise<Join> {
  const { poseidon, database, gatekeeper } = await getTools();
  report({ stage: "bans", done: 0, total: 0 });
  const list = await gatekeeper.bans(facts);
  const [artifacts, place] = [await getArtifacts(20, report), await provePath(facts, roster, secret, report)];
  const files = await gatekeeper.files(facts, (done, total) => report({ stage: "artifacts", done, total }));
  // Only now that nothing is left to fetch: whoever watches must not see who stops here.
  refuseBanned(list, poseidon, secret);
  const [day, slots] = [dayOf(plan.sendAt), slotsOf(facts)];
  const slot = await takeSlot(database, facts.site, { day, slots, action: toHex(action.id), taken: plan.slotTaken }, random);
  const gate = { files, list, day, slot, slots };
  const progress = (stage: Progress["stage"], done: number, total: number): void => report({ stage, done, total });
  return makeJoin({ action, secret, roster, ...place, poseidon, artifacts, gate, progress });
}

async function aliasIn(facts: SiteFacts, threadId: Uint8Array): Promise<Alias> {
  const { vault, poseidon } = await getTools();
  const scope = new Domain(facts.site, facts.season).threadScope(threadId);
  return aliasOf(nullifierOf(poseidon, await vault.secret(facts), scope));
}

async function labelOf(facts: SiteFacts, roster: string): Promise<PersonaFacts["label"]> {
  if (labelSlug(roster) === null) return null;
  const { vault, mirror, poseidon } = await getTools();
  return (await mirror.roster(facts, roster, commitmentOf(poseidon, await vault.secret(facts)))).statement.label;
}

async function finish(facts: SiteFacts, action: Action, roster: string, note: PersonaNote | undefined, body: string, joins: boolean): Promise<Spoken> {
  const { database } = await getTools();
  const thread = toHex(action.threadId);
  const label = note?.label ?? (await labelOf(facts, roster));
  const alias = await aliasIn(facts, action.threadId);
  const persona: PersonaFacts = { roster, kind: kindOf(roster), label, alias, key: toHex(action.persona.key) };
  const { season } = action.content;
  await writePersona(database, { thread, season, ...persona, joined: note?.joined ?? null });
  return { action: toHex(action.id), thread, season, body, persona, joins };
}

async function speak({ facts, draft, roster, now, sendAt }: Methods["speak"]["parameters"], report: Report): Promise<Spoken> {
  const { vault, database, log } = await getTools();
  const secret = await vault.secret(facts);
  const action = actionOf(draftDocument(facts, draft), secret);
  if (draft.kind === "reply") await log.checkThread(facts, draft.thread, draft.checkpoints, now);
  const note = await readPersona(database, toHex(action.threadId));
  if (note !== undefined && note.roster !== roster) throw new ProofError("label-fixed");
  const holds = note !== undefined && note.joined !== null && now - note.joined < JOIN_HOLDS_MS;
  const proof = holds ? null : await join(facts, action, roster, secret, { sendAt, slotTaken: false }, report);
  report({ stage: "signing", done: 0, total: 0 });
  return finish(facts, action, roster, note, buildSubmission(action, proof), proof !== null);
}

async function renew({ facts: site, body, roster, sendAt, slotTaken }: Methods["renew"]["parameters"], report: Report): Promise<Spoken> {
  const { vault, database } = await getTools();
  const { content, key } = exactKeys(JSON.parse(body), ["version", "content", "key", "signature", "join"]);
  const facts = inOpenSeason({ ...site, season: parseContent(content).season });
  const secret = await vault.secret(facts);
  const action = actionOf(content, secret);
  if (!equalBytes(action.persona.key, parseHex(key, 32, "key"))) throw new ProofError("no-identity", "made by another identity");
  const proof = await join(facts, action, roster, secret, { sendAt, slotTaken }, report);
  return finish(facts, action, roster, await readPersona(database, toHex(action.threadId)), buildSubmission(action, proof), true);
}

async function enrol(facts: SiteFacts, ticket: string, report: Report): Promise<Methods["enrol"]["result"]> {
  const { site, season } = readTicket(ticket);
  if (site !== facts.site) throw new ProofError("ticket-of-other-site", "", { site });
  if (season !== facts.season) throw new ProofError("ticket-of-other-season", "", { season });
  const { vault, poseidon } = await getTools();
  const secret = await vault.secret(facts);
  const artifacts = await getArtifacts(1, report);
  report({ stage: "witness", done: 0, total: 0 });
  return answerTicket({ ticket, secret, poseidon, artifacts });
}

/** The facts, if their season is that of this device's clock; for whatever uses the secret or makes one. */
function inSeason(facts: SiteFacts): SiteFacts {
  checkSeason(facts.season, Date.now());
  return facts;
}

/** The facts for a thread of a season that is open by this device's clock: an older one would draw out an old secret. */
function inOpenSeason(facts: SiteFacts): SiteFacts {
  const now = Date.now();
  checkOpen(facts.season, now);
  return { ...facts, past: facts.season !== seasonAt(now) };
}

/** Threads are opened in the current season, and answered in their own. */
const forDraft = (facts: SiteFacts, draft: Draft): SiteFacts => (draft.kind === "opening" ? inSeason(facts) : inOpenSeason(facts));

/** A key of a season that is over would be deleted at once. */
function checkKept(season: string): void {
  if (!isOpen(season, Date.now())) throw new ProofError("season-over", "", { season });
}

/** The pairing under way on this page: in this worker's memory, and nowhere else. */
let pairing: { readonly side: Pairing; readonly begun: number } | null = null;

async function pairBegin(facts: SiteFacts, invites: boolean): Promise<string> {
  const { vault } = await getTools();
  // Says what is missing before anybody scans anything.
  if (invites) await pairSecrets(facts);
  else if ((await vault.identity(inSeason(facts))) !== null) throw new ProofError("identity-exists", "", { season: facts.season });
  pairing = { side: new Pairing(facts.site, invites, random), begun: Date.now() };
  return pairing.side.text;
}

/** The pairing, unless it has grown old: somebody in between would have had time to compute. */
function pairingNow(): Pairing {
  if (pairing === null || Date.now() - pairing.begun > PAIRING_MS) {
    pairing = null;
    throw new ProofError("pairing-expired");
  }
  return pairing.side;
}

async function pairSecrets(facts: SiteFacts): Promise<{ season: string; secret: bigint }[]> {
  const { vault } = await getTools();
  const held = await vault.seasonsHeld(facts.site, openSeasons(Date.now()));
  if (held.length === 0) throw new ProofError("no-identity", "", { season: facts.season });
  return Promise.all(held.map(async (season) => ({ season, secret: await vault.secret({ ...facts, season }) })));
}

async function pairReceive(facts: SiteFacts, text: string): Promise<Methods["pairReceive"]["result"]> {
  const { vault } = await getTools();
  const received = pairingNow().receive(text);
  for (const { season, secret } of received) {
    checkKept(season);
    await vault.refuseOther(facts, season, secret);
  }
  for (const { season, secret } of received) await vault.receive(facts, season, secret);
  pairing = null;
  return vault.identity(facts);
}

async function pairDeliver(facts: SiteFacts): Promise<string> {
  const side = pairingNow();
  const delivery = side.deliver(await pairSecrets(facts));
  pairing = null;
  return delivery;
}

type Handler<M extends Method> = (
  parameters: Methods[M]["parameters"],
  report: Report,
  id: number,
) => Promise<Methods[M]["result"]>;

const handlers: { readonly [M in Method]: Handler<M> } = {
  identities: async ({ facts }) => (await getTools()).vault.identity(facts),
  create: async ({ facts }) => (await getTools()).vault.create(inSeason(facts)),
  backup: async ({ facts }) => (await getTools()).vault.backup(facts),
  renewCode: async ({ facts }) => (await getTools()).vault.renewCode(facts),
  confirmBackup: async ({ facts }) => (await getTools()).vault.confirmBackup(facts),
  restore: async ({ facts, file, code }) => (await getTools()).vault.restore(facts, file, code, checkKept),
  passkeyBackup: async ({ facts, output }) => (await getTools()).vault.passkeyBackup(facts, output),
  restoreByPasskey: async ({ facts, file, prf }) => (await getTools()).vault.restoreByPasskey(facts, file, prf, checkKept),
  pairBegin: async ({ facts, invites }) => pairBegin(facts, invites),
  pairMeet: ({ text }) => Promise.resolve().then(() => pairingNow().meet(text)),
  pairDeliver: async ({ facts }) => pairDeliver(facts),
  pairReceive: async ({ facts, text }) => pairReceive(facts, text),
  forget: async ({ facts }) => (await getTools()).vault.forget(facts),
  readTicket: async ({ ticket }) => readTicket(ticket),
  enrol: async ({ facts, ticket }, report) => enrol(inSeason(facts), ticket, report),
  crowd: async ({ facts, company }, report) => findCrowd(inOpenSeason(facts), company, report),
  alias: async ({ facts, thread }) => aliasIn(inOpenSeason(facts), parseHex(thread, 32, "thread")),
  speak: async (asked, report) => speak({ ...asked, facts: forDraft(asked.facts, asked.draft) }, report),
  renew: async (asked, report) => renew({ ...asked, facts: inSeason(asked.facts) }, report),
  receipt: async ({ facts, action, receipt }) => receiptHolds(facts, action, receipt),
  trustRosterKey: async ({ facts }) => {
    await (await getTools()).mirror.trust(facts);
    return null;
  },
  trustLogKey: async ({ facts }) => {
    await (await getTools()).log.trust(facts);
    return null;
  },
  trustGateKey: async ({ facts }) => {
    await (await getTools()).gatekeeper.trust(facts);
    return null;
  },
  logEvidence: async ({ facts }) => readEvidence((await getTools()).database, facts),
  acceptEpoch: async ({ facts: site, roster, epoch }) => {
    const { vault, mirror, poseidon } = await getTools();
    const facts = inOpenSeason(site);
    await mirror.accept(facts, roster, epoch, commitmentOf(poseidon, await vault.secret(facts)));
    return null;
  },
  verify: async ({ file, rosterKey, log }, _report, id) =>
    verifyProofFile(file, { rosterKey, log }, (claim) => post({ id, kind: "claim", claim })),
  verifyDeep: async ({ file, rosterKey, log }, progress, id) =>
    // No store is opened: whoever only reads leaves nothing on the device.
    verifyDeep(file, { rosterKey, log }, new LogFiles(fetcher), await buildPoseidon(), { progress, claim: (claim) => post({ id, kind: "claim", claim }) }, weight),
};

/** The global scope of a dedicated worker, without the library that would make it look like a window as well. */
const scope = globalThis as unknown as {
  postMessage(message: Reply): void;
  addEventListener(type: "message", listener: (event: MessageEvent<Request>) => void): void;
};

const post = (reply: Reply): void => scope.postMessage(reply);

async function handle<M extends Method>({ id, method, parameters }: Request<M>): Promise<void> {
  try {
    const handler: Handler<M> = handlers[method];
    const result = await handler(parameters, (progress) => post({ id, kind: "progress", progress }), id);
    post({ id, kind: "result", result });
  } catch (error) {
    // Of an unexpected error only its class goes out: a library's message might quote its input.
    const known = error instanceof ProofError ? error : new ProofError("unexpected", error instanceof Error ? error.name : "");
    post({ id, kind: "error", code: known.code, detail: known.detail, parameters: known.parameters });
  }
}

scope.addEventListener("message", (event) => void handle(event.data));
