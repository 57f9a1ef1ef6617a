/** The talk site's API as the pages use it. */
import type { Label, Receipt, SiteFacts } from "../proofs/messages.ts";

export interface Site extends SiteFacts {
  readonly tick_seconds: number;
  readonly next_tick: string;
  readonly people_origin: string;
  readonly sections: readonly Label[];
  /** Characters of a title and of a text, bytes of a submission and of a proof file. */
  readonly limits: { readonly title: number; readonly text: number; readonly body: number; readonly proof_file: number };
}

export interface RosterFacts {
  readonly roster: string;
  readonly label: Label | null;
  readonly settled: number;
  readonly open: boolean;
}

/** An RFC 9457 problem: the server understood and refused. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly code: string,
    readonly status: number,
    readonly detail: string,
    readonly pointer: string | null,
  ) {
    super(code);
  }
}

/** No answer, or one that is no answer: to be tried again. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";

  constructor(readonly status: number | null = null) {
    super("unreachable");
  }
}

/** Server's clock less the device's, in ms, from the last answer; good to a second. */
let offset = 0;
export const clockOffset = (): number => offset;
/** The server's time as far as the device can tell. */
export const serverNow = (): number => Date.now() + offset;

/** Only of answers that no cache keeps: another one carries the time at which it was made. */
function readClock(response: Response): void {
  const date = Date.parse(response.headers.get("Date") ?? "");
  if (!Number.isNaN(date)) offset = date - Date.now();
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

async function problemOf(response: Response): Promise<Problem | Unreachable> {
  const body: unknown = await response.json().catch(() => null);
  if (!isObject(body) || typeof body["code"] !== "string") return new Unreachable(response.status);
  const { code, detail, pointer } = body;
  return new Problem(code as string, response.status, typeof detail === "string" ? detail : "", typeof pointer === "string" ? pointer : null);
}

export async function request<T>(path: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    const headers = { "Accept-Language": document.documentElement.lang, ...(init.headers as Record<string, string> | undefined) };
    response = await fetch(path, { credentials: "omit", redirect: "error", ...init, headers });
  } catch {
    throw new Unreachable();
  }
  if (init.cache === "no-store") readClock(response);
  if (!response.ok) throw await problemOf(response);
  return (await response.json().catch(() => {
    throw new Unreachable(response.status);
  })) as T;
}

let site: Promise<Site> | null = null;

/** Facts of the site; asked once a page, again after a failure. */
export function fetchSite(): Promise<Site> {
  site ??= request<Site>("/api/v1/site", { cache: "no-store" }).catch((error: unknown) => {
    site = null;
    throw error;
  });
  return site;
}

/** Facts of the site as they are now. */
export function refetchSite(): Promise<Site> {
  site = null;
  return fetchSite();
}

/** The facts for speaking in a thread of `season`; the worker checks that it is open. */
export const factsOf = async (season: string | null, { fresh = false } = {}): Promise<Site> => {
  const facts = await (fresh ? refetchSite() : fetchSite());
  return season === null ? facts : { ...facts, season };
};

/** The rosters of the current season, or of a past one whose threads are open. */
export const fetchRosters = async (season: string | null = null): Promise<readonly RosterFacts[]> =>
  (await request<{ rosters: readonly RosterFacts[] }>(`/api/v1/rosters${season === null ? "" : `?season=${season}`}`)).rosters;

export interface Thread {
  readonly opening: { readonly content: unknown };
  /** The heads of the log that the voices of the thread carry. */
  readonly checkpoints: readonly string[];
}

export const fetchThread = (id: string): Promise<Thread> => request(`/api/v1/threads/${id}`);

export const fetchAction = (id: string): Promise<{ state: "waiting" | "published" | "unknown" }> =>
  request(`/api/v1/actions/${id}`, { cache: "no-store" });

export const submit = (body: string): Promise<Receipt> =>
  request("/api/v1/submissions", { method: "POST", body, cache: "no-store", headers: { "Content-Type": "application/json" } });
