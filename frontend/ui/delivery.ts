/**
 * Delivery: sends what waits in the outbox, and again until it has been seen published.
 *
 * A crash of the server between acceptance and tick loses what it had only in memory, so "unknown" after the due time
 * means: send again. Sending twice is harmless, the server knows the content's hash.
 */
import { openDatabase, type Database } from "../device/database.ts";
import { readEntry, readOutbox, updateEntry, type Entry, type Refusal } from "../device/outbox.ts";
import { markJoined } from "../device/personas.ts";
import type { Progress, Receipt, SiteFacts } from "../proofs/messages.ts";
import { clockOffset, fetchAction, fetchSite, Problem, refetchSite, serverNow, submit } from "./api.ts";
import { prover, ProverError } from "./prover.ts";

const LOCK = "openmai-outbox";
const CHANNEL = "openmai-outbox";
const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 10 * 60_000;
const LONGEST_SLEEP_MS = 60_000;

/** Refusals that a new proof cures; of a ban the worker then says reason and end. */
const RENEWABLE = ["superseded-root", "unknown-root", "join-required", "join-expired", "bans-changed", "stale-bans", "rate-used", "wrong-day", "banned"];
/** By then something else is wrong. A site that changes its list each time would otherwise learn from who still answers. */
const MOST_RENEWALS = 5;
/** What the worker could not fetch passes by itself. */
const PASSING = ["network", "server"];

/** Told how proving again goes, where somebody watches. */
type Watch = (progress: Progress) => void;
let opened: Promise<Database> | null = null;

/** The device's database, opened once a page; asked again after a failure. */
export function device(): Promise<Database> {
  opened ??= openDatabase().catch((error: unknown) => {
    opened = null;
    throw error;
  });
  return opened;
}

/** Lets go of the database, so that it can be deleted. */
export async function closeDevice(): Promise<void> {
  await opened?.then((database) => database.close(), () => undefined);
  opened = null;
}

const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(CHANNEL);

/** Tells this page and the other tabs that the outbox changed. */
export function notifyOutbox(): void {
  channel?.postMessage(null);
  document.dispatchEvent(new Event(CHANNEL));
}

export function onOutboxChange(listener: () => void): void {
  channel?.addEventListener("message", listener);
  document.addEventListener(CHANNEL, listener);
}

/** Exponential with jitter, so that the devices of many members do not come back all at once. */
function backoff(attempts: number): number {
  const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempts);
  return longest / 2 + (Math.random() * longest) / 2;
}

/** The device's time shortly after `due` on the server's clock. */
const afterDue = (due: string): number => Date.parse(due) - clockOffset() + 1_500;

async function save(entry: Entry): Promise<Entry> {
  await updateEntry(await device(), entry);
  notifyOutbox();
  return entry;
}

async function accepted(entry: Entry, receipt: Receipt): Promise<Entry> {
  if (entry.joins) await markJoined(await device(), entry.thread, Date.now());
  const { due, state } = receipt;
  return save({ ...entry, state: state === "published" ? "published" : "accepted", due, receipt, unsigned: false, refusal: null, attempts: 0, next: afterDue(due) });
}

/** The submission with new proofs for today, or, by its own name, why there can be none. */
async function proveAgain(entry: Entry, slotTaken: boolean, watch?: Watch): Promise<string> {
  const facts = await refetchSite();
  const asked = { facts, body: entry.body, roster: entry.roster, sendAt: serverNow(), slotTaken };
  return (await prover.ask("renew", asked, watch === undefined ? {} : { progress: watch })).body;
}

async function renew(entry: Entry, problem: Problem, watch?: Watch): Promise<Entry> {
  let body: string;
  try {
    body = await proveAgain(entry, problem.code === "rate-used", watch);
  } catch (error) {
    if (!(error instanceof ProverError) || PASSING.includes(error.code)) return later(entry);
    const { code, detail, parameters } = error;
    return refusedFor(entry, { code, detail, pointer: null, parameters });
  }
  return send(await save({ ...entry, body, joins: true, renewals: entry.renewals + 1 }), watch);
}

async function refused(entry: Entry, problem: Problem, watch?: Watch): Promise<Entry> {
  // Too many posts wait, or the site is in trouble: that passes by itself.
  if (problem.status >= 500) return later(entry);
  if (RENEWABLE.includes(problem.code) && entry.renewals < MOST_RENEWALS) return renew(entry, problem, watch);
  const { code, detail, pointer } = problem;
  return refusedFor(entry, { code, detail, pointer });
}

const refusedFor = (entry: Entry, refusal: Refusal): Promise<Entry> => save({ ...entry, state: "refused", refusal });

const later = (entry: Entry): Promise<Entry> =>
  save({ ...entry, attempts: entry.attempts + 1, next: Date.now() + backoff(entry.attempts) });

/** Whether the receipt is signed by the site as this page knows it; its key may have changed since the page was opened. */
const isSigned = (receipt: Receipt, { action, season }: Entry, facts: SiteFacts): Promise<boolean> =>
  prover.ask("receipt", { facts: { ...facts, season }, action, receipt });

/** Sends one entry and returns it as it is afterwards. Throws nothing: what fails is tried again later. */
async function send(entry: Entry, watch?: Watch): Promise<Entry> {
  let receipt: Receipt;
  let holds: boolean;
  try {
    receipt = await submit(entry.body);
    holds = (await isSigned(receipt, entry, await fetchSite())) || (await isSigned(receipt, entry, await refetchSite()));
  } catch (error) {
    return error instanceof Problem ? refused(entry, error, watch) : later({ ...entry, unsigned: false });
  }
  return holds ? accepted(entry, receipt) : later({ ...entry, unsigned: true });
}

/** Asks whether an accepted entry has appeared. */
async function look(entry: Entry): Promise<Entry> {
  try {
    const { state } = await fetchAction(entry.action);
    if (state === "published") return await save({ ...entry, state: "published", attempts: 0 });
    if (state === "unknown") return await send(entry);
  } catch {
    return later(entry);
  }
  return save({ ...entry, attempts: entry.attempts + 1, next: Date.now() + Math.min(backoff(entry.attempts), 30_000) });
}

/** Runs `work` while no other tab delivers. Without Web Locks two tabs may both send, which is harmless. */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks === undefined ? work() : navigator.locks.request(LOCK, work);
}

/** Sends `action` now, whatever it was waiting for. Resolves with the entry as it is afterwards, or null if it is gone. */
export function deliverNow(action: string, watch?: Watch): Promise<Entry | null> {
  return alone(async () => {
    const entry = await readEntry(await device(), action);
    if (entry === undefined) return null;
    return entry.state === "waiting" || entry.state === "refused" ? send({ ...entry, state: "waiting", renewals: 0 }, watch) : entry;
  });
}

async function deliverDue(): Promise<void> {
  for (const { action } of await readOutbox(await device())) {
    const current = await readEntry(await device(), action); // another tab may have been faster
    if (current === undefined || current.next > Date.now()) continue;
    if (current.state === "waiting") await send(current);
    else if (current.state === "accepted") await look(current);
  }
}

/** When the next entry wants something, in ms from now; null when nothing does. */
async function untilNext(): Promise<number | null> {
  const open = (await readOutbox(await device())).filter(({ state }) => state === "waiting" || state === "accepted");
  if (open.length === 0) return null;
  return Math.max(0, Math.min(...open.map(({ next }) => next)) - Date.now());
}

let timer: ReturnType<typeof setTimeout> | undefined;
let running = false;

async function turn(): Promise<void> {
  if (running) return;
  running = true;
  clearTimeout(timer);
  try {
    let wait = await untilNext();
    if (wait !== null && wait <= 0) {
      await fetchSite().catch(() => null); // for the clock
      await alone(deliverDue);
      wait = await untilNext();
    }
    // A sleeping device stops its timers, so no sleep is long.
    if (wait !== null) timer = setTimeout(() => void turn(), Math.min(Math.max(wait, 1_000), LONGEST_SLEEP_MS));
  } catch {
    // The device keeps nothing for us; there is nothing to deliver.
  } finally {
    running = false;
  }
}

/** Delivers whenever something is due, for as long as the page is open. */
export function startDelivery(): void {
  onOutboxChange(() => void turn());
  addEventListener("online", () => void hurry().catch(() => null));
  document.addEventListener("visibilitychange", () => void (document.hidden || turn()));
  void turn();
}

/** Back online: what was put off because of the network is due now; what waits for its chosen time is not. */
async function hurry(): Promise<void> {
  const put = (await readOutbox(await device())).filter(({ state, attempts }) => state === "waiting" && attempts > 0);
  for (const entry of put) await updateEntry(await device(), { ...entry, next: Date.now() });
  await turn();
}
