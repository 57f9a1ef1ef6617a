/** Checks a proof file in the browser, claim by claim: the one of this page, or one that the reader has. */
import type { ClaimName, LogFacts, Verdict, VerifiedPost } from "../proofs/messages.ts";
import { fetchSite } from "./api.ts";
import { alert, make, need, replace } from "./dom.ts";
import { describe } from "./failures.ts";
import * as en from "./messages/en.ts";
import * as zh from "./messages/zh.ts";
import { prover } from "./prover.ts";
import { dateOf, language, listOf, momentOf, sayer } from "./words.ts";

const say = sayer(en.verify, zh.verify);
const CLAIMS: readonly ClaimName[] = [
  "form", "thread", "content", "signature", "roster", "label", "alias", "proof", "log-roster", "log-tick", "log-order", "witnesses",
];

class Checker {
  private readonly claims = make("ol", { class: "claims" });
  private readonly result = make("div", { "aria-live": "polite" });
  private readonly rows = new Map<ClaimName, HTMLElement>();

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
    replace(this.root, this.url === undefined ? null : this.button(), field, this.claims, this.result);
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
    this.drawClaims();
    replace(this.result, make("p", {}, say("checking")));
    try {
      const verdict = await prover.ask("verify", { file, ...(await this.trust(file)) }, { claim: (claim) => this.mark(claim, true) });
      if (verdict.failed !== null) this.mark(verdict.failed, false);
      this.tell(verdict);
    } catch (error) {
      replace(this.result, alert("error", describe(error)));
    }
  }

  /** A file of this site must be signed by its keys; those of another one are compared by the reader. */
  private async trust(file: Uint8Array): Promise<{ rosterKey: string | null; log: LogFacts | null }> {
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

  private drawClaims(): void {
    this.rows.clear();
    for (const claim of CLAIMS) {
      const mark = make("span", { class: "claim-mark", "data-mark": true }, say("notReached"));
      this.rows.set(claim, make("li", { class: "claim", "data-claim": claim }, make("span", {}, say(claim)), " ", mark));
    }
    replace(this.claims, ...this.rows.values());
  }

  private mark(claim: ClaimName, held: boolean): void {
    const row = this.rows.get(claim);
    if (row === undefined) return;
    row.classList.add(held ? "claim-held" : "claim-failed");
    const mark = need(row, "[data-mark]", HTMLElement);
    mark.className = `claim-mark tag tag-${held ? "success" : "error"}`;
    mark.textContent = held ? `✓ ${say("held")}` : `✗ ${say("fell")}`;
  }

  private tell({ failed, detail, post }: Verdict): void {
    if (post === null) {
      const why = say("failedWhy", { detail });
      return replace(this.result, alert("error", say("failed", { claim: say(failed ?? "form") }), make("p", {}, why)));
    }
    replace(this.result, alert("success", say("passed"), ...described(post)));
  }
}

function described(post: VerifiedPost): Node[] {
  const { label, live, site, kind, published, fingerprint, logFingerprint, tick, witnesses, title, body, alias } = post;
  const who = label === null ? say("writtenBySite", { live, site }) : say("writtenBy", { live, company: label[language()] });
  return [
    make("p", { class: "verdict" }, make("strong", {}, who)),
    make("blockquote", { class: "prose" }, make("p", {}, `${alias[language()]}${title === null ? "" : ` · ${title}`}`), make("p", { class: "plain-text" }, body || say("noText"))),
    make("p", {}, `${kind === "site" ? "" : `${say(kind)} `}${say("roster_date", { date: dateOf(published) })}`),
    make("p", {}, say("logged", { time: momentOf(tick) })),
    make("p", {}, witnesses.length === 0 ? say("unwitnessed") : say("witnessed", { names: listOf(witnesses) })),
    make("p", {}, say("fingerprint", { fingerprint, logFingerprint })),
  ];
}

for (const root of document.querySelectorAll<HTMLElement>("[data-verify]")) {
  new Checker(root, root.dataset["verify"] || undefined).start();
}
