/** Checks a proof file in the browser, claim by claim: the one of this page, or one that the reader has. */
import type { ClaimName, Crowded, DeepClaimName, LogFacts, Verdict, VerifiedPost } from "../proofs/messages.ts";
import { fetchSite } from "./api.ts";
import { alert, make, need, replace } from "./dom.ts";
import { describe } from "./failures.ts";
import * as en from "./messages/en.ts";
import * as zh from "./messages/zh.ts";
import { prover } from "./prover.ts";
import { Steps, type StepNames } from "./steps.ts";
import { dateOf, language, listOf, momentOf, sayer } from "./words.ts";

const say = sayer(en.verify, zh.verify);
const CLAIMS: readonly ClaimName[] = [
  "form", "thread", "content", "signature", "roster", "label", "alias", "proof", "log-roster", "log-tick", "log-order", "witnesses",
];
const DEEP_CLAIMS: readonly DeepClaimName[] = ["whole-log", "leaves", "backing", "knowledge", "journals"];
/** Proofs of knowledge that a phone of some years checks in a minute; a computer does more. */
const A_MINUTE = 5000;
/** Of those whose keys signed, so many are shown. */
const MOST_OWNERS = 5;

const STEP_NAMES: StepNames<"log" | "hashing" | "knowledge"> = {
  log: ({ done, total }) => say("readingLog", { done, total }),
  hashing: ({ done }) => say("rebuilding", { percent: Math.round(done * 100) }),
  knowledge: ({ done, total }) => say("checkingProofs", { done, total }),
};

interface Trust {
  readonly rosterKey: string | null;
  /** Null for a file of another site. */
  readonly log: LogFacts | null;
}

class Checker {
  private readonly claims = make("ol", { class: "claims" });
  private readonly result = make("div", { "aria-live": "polite" });
  private readonly deeper = make("div", { class: "stack", "data-deep": true });
  private readonly rows = new Map<ClaimName | DeepClaimName, HTMLElement>();

  constructor(
    private readonly root: HTMLElement,
    private readonly url: string | undefined,
  ) {}

  start(): void {
    const input = make("input", { type: "file", class: "file-input", id: "proof-file", accept: "application/json,.json", "aria-describedby": "proof-file-help" });
    const field = make(
      "div",
      { class: "field", "data-verify-file": true },
      make("label", { class: "field-label", for: "proof-file" }, say("choose")),
      make("p", { class: "field-help", id: "proof-file-help" }, say("chooseHelp")),
      input,
    );
    input.addEventListener("change", () => void this.checkFile(input.files?.[0]));
    replace(this.root, this.url === undefined ? null : this.button(), field, this.claims, this.result, this.deeper);
    this.root.classList.add("stack");
    this.root.hidden = false;
  }

  private button(): HTMLElement {
    const press = make("button", { type: "button", class: "btn btn-primary", "data-check": true }, say("checkThis"));
    press.addEventListener("click", () => void this.checkUrl());
    return make("p", {}, press);
  }

  private async checkFile(file: File | undefined): Promise<void> {
    if (file !== undefined) await this.check(new Uint8Array(await file.arrayBuffer()));
  }

  private async checkUrl(): Promise<void> {
    const response = await fetch(this.url!, { credentials: "omit" }).catch(() => null);
    if (response === null || !response.ok) return replace(this.result, alert("error", say("notFetched")));
    await this.check(new Uint8Array(await response.arrayBuffer()));
  }

  private async check(file: Uint8Array): Promise<void> {
    this.draw(CLAIMS);
    replace(this.deeper);
    replace(this.result, make("p", {}, say("checking")));
    try {
      const trust = await this.trust(file);
      const verdict = await prover.ask("verify", { file, ...trust }, { claim: (claim) => this.mark(claim, true) });
      this.tell(verdict, null);
      // The log of another site is not to be had from here.
      if (verdict.post !== null && trust.log !== null) this.offer(file, trust, verdict.post);
    } catch (error) {
      replace(this.result, alert("error", describe(error)));
    }
  }

  /** The whole crowd: it takes minutes, so it is asked for. */
  private offer(file: Uint8Array, trust: Trust, { live }: VerifiedPost): void {
    const press = make("button", { type: "button", class: "btn btn-quiet", "data-check-deep": true }, say("deepStart"));
    press.addEventListener("click", () => void this.look(file, trust));
    replace(this.deeper, make("p", {}, say("deepHelp", { live, minutes: Math.ceil(live / A_MINUTE) })), make("p", {}, press));
  }

  private async look(file: Uint8Array, trust: Trust): Promise<void> {
    const place = make("div", {});
    const steps = new Steps(place);
    replace(this.deeper, place);
    this.draw([...CLAIMS, ...DEEP_CLAIMS]);
    replace(this.result, make("p", {}, say("checking")));
    try {
      const verdict = await prover.ask("verifyDeep", { file, ...trust }, { claim: (claim) => this.mark(claim, true), progress: steps.listener(STEP_NAMES) });
      this.tell(verdict, verdict.crowd);
    } catch (error) {
      replace(this.result, alert("error", describe(error)));
    } finally {
      replace(this.deeper);
    }
  }

  /** A file of this site must be signed by its keys; those of another one are compared by the reader. */
  private async trust(file: Uint8Array): Promise<Trust> {
    const stranger = { rosterKey: null, log: null };
    const site = await fetchSite().catch(() => null);
    if (site === null) return stranger;
    try {
      const own = (JSON.parse(new TextDecoder().decode(file)) as { site?: unknown }).site === site.site;
      return own ? { rosterKey: site.roster_key, log: site.log } : stranger;
    } catch {
      return stranger;
    }
  }

  private draw(claims: readonly (ClaimName | DeepClaimName)[]): void {
    this.rows.clear();
    for (const claim of claims) {
      const mark = make("span", { class: "claim-mark", "data-mark": true }, say("notReached"));
      this.rows.set(claim, make("li", { class: "claim", "data-claim": claim }, make("span", {}, say(claim)), " ", mark));
    }
    replace(this.claims, ...this.rows.values());
  }

  private mark(claim: ClaimName | DeepClaimName, held: boolean): void {
    const row = this.rows.get(claim);
    if (row === undefined) return;
    row.classList.add(held ? "claim-held" : "claim-failed");
    const mark = need(row, "[data-mark]", HTMLElement);
    mark.className = `claim-mark tag tag-${held ? "success" : "error"}`;
    mark.textContent = held ? `✓ ${say("held")}` : `✗ ${say("fell")}`;
  }

  private tell({ failed, detail, post }: Pick<Verdict, "detail" | "post"> & { failed: ClaimName | DeepClaimName | null }, crowd: Crowded | null): void {
    if (failed !== null) this.mark(failed, false);
    if (post === null) {
      const why = say("failedWhy", { detail });
      return replace(this.result, alert("error", say("failed", { claim: say(failed ?? "form") }), make("p", {}, why)));
    }
    replace(this.result, alert("success", say("passed"), ...described(post, crowd)));
  }
}

/** What the check found, in sentences; a look behind the crowd says the first of them more fully. */
function described(post: VerifiedPost, crowd: Crowded | null): Node[] {
  const { label, live, site, kind, published, fingerprint, logFingerprint, tick, witnesses, title, body, alias } = post;
  const who = label === null ? say("writtenBySite", { live, site }) : say(label.slug.startsWith("industry/") ? "writtenByTrade" : "writtenBy", { live, company: label[language()] });
  return [
    ...(crowd === null ? [make("p", { class: "verdict" }, make("strong", {}, who))] : [closing(post, crowd), ...signed(crowd)]),
    make("blockquote", { class: "prose" }, make("p", {}, `${alias[language()]}${title === null ? "" : ` · ${title}`}`), make("p", { class: "plain-text" }, body || say("noText"))),
    make("p", {}, `${kind === "site" ? "" : `${say(kind)} `}${say("roster_date", { date: dateOf(published) })}`),
    make("p", {}, say("logged", { time: momentOf(tick) })),
    make("p", {}, witnesses.length === 0 ? say("unwitnessed") : say("witnessed", { names: listOf(witnesses) })),
    make("p", {}, say("fingerprint", { fingerprint: grouped(fingerprint), logFingerprint: grouped(logFingerprint) })),
  ];
}

/** In fours, as the pages write them. */
const grouped = (digits: string): string => digits.replace(/(.{4})(?=.)/g, "$1\u2009");

/** The one sentence that a look behind the crowd amounts to. */
function closing({ label, tick }: VerifiedPost, { live, dkim, oidc, word }: Crowded): Node {
  const values = { live, dkim, oidc, word, date: dateOf(tick.slice(0, 10)) };
  const sentence = label === null ? say("crowdSite", values) : say("crowd", { ...values, company: label[language()] });
  return make("p", { class: "verdict", "data-crowd": true }, make("strong", {}, sentence));
}

/** Whose keys signed is the operator's word, in the log; the page says no more than that. */
function signed({ dkim, oidc, signers: { owners, unnamed } }: Crowded): Node[] {
  if (dkim + oidc === 0) return [];
  const more = owners.length - MOST_OWNERS;
  const names = listOf([...owners.slice(0, MOST_OWNERS), ...(more > 0 ? [say("moreOwners", { more })] : [])]);
  return [
    ...(owners.length === 0 ? [] : [make("p", { "data-signers": true }, say("signers", { names }))]),
    ...(unnamed === 0 ? [] : [make("p", { "data-unnamed": true }, say("unnamedKeys", { unnamed }))]),
  ];
}

for (const root of document.querySelectorAll<HTMLElement>("[data-verify]")) {
  new Checker(root, root.dataset["verify"] || undefined).start();
}
