/** The identity page: make a key, keep it safe, bring it back, and hand its commitment to the people site. */
import type { IdentityFacts, NewBackup } from "../proofs/messages.ts";
import { clockOffset, fetchSite, type Site } from "./api.ts";
import { alert, announce, button, download, fieldError, find, make, need, replace } from "./dom.ts";
import { forgetTicket, goBack, takeTicket, wayBack, type Pending } from "./enrolment.ts";
import { describe } from "./failures.ts";
import { forgetEverything } from "./forgetting.ts";
import * as en from "./messages/en.ts";
import * as zh from "./messages/zh.ts";
import { PairingWizard } from "./pairing.ts";
import { askPasskey, makePasskey, passkeysOffered } from "./passkeys.ts";
import { passkeyOf } from "../proofs/backup.ts";
import { closesAt, endsAt, openSeasons } from "../proofs/seasons.ts";
import { device } from "./delivery.ts";
import { prover } from "./prover.ts";
import { rememberCompany } from "./remembered.ts";
import { megabytes, Steps, type StepNames } from "./steps.ts";
import { dateOf, sayer } from "./words.ts";

const say = sayer(en.identity, zh.identity);
const common = sayer(en.common, zh.common);
const compose = sayer(en.compose, zh.compose);

const seasons = sayer(en.seasons, zh.seasons);

const REMOVAL_MS = 10_000;
const CLOCK_TOLERANCE_MINUTES = 2;

const STEP_NAMES: StepNames = {
  artifacts: ({ done, total }) => say("stepArtifacts", { done: megabytes(done), total: megabytes(total) }),
  roster: () => compose("stepRoster"),
  hashing: ({ done }) => compose("stepHashing", { percent: Math.round(done * 100) }),
  witness: () => say("stepWitness"),
  bans: () => compose("stepBans"),
  gate: ({ done, total }) => compose("stepGate", { page: done + 1, pages: total }),
  signing: () => compose("stepSigning"),
};

const dayOf = (time: number): string => dateOf(new Date(time).toISOString().slice(0, 10));

/** The page again, with nothing of before in its memory. */
function startAnew(): void {
  history.replaceState(null, "", "#forgotten");
  location.reload();
}

class IdentityPage {
  private readonly status: HTMLElement;
  private readonly steps: Steps;
  private readonly pending: Pending | null = takeTicket();
  private site!: Site;
  private identity: IdentityFacts | null = null;

  constructor(private readonly root: HTMLElement) {
    this.status = need(root, "[data-status]", HTMLElement);
    this.steps = new Steps(need(root, "[data-steps]", HTMLElement));
  }

  private part(name: string): HTMLElement {
    return need(this.root, `[data-part=${name}]`, HTMLElement);
  }

  async start(): Promise<void> {
    this.noteJoined();
    this.noteForgotten();
    this.listen();
    try {
      this.site = await fetchSite();
      this.identity = await prover.ask("identities", { facts: this.site });
      this.draw();
      await this.drawPast();
      this.showClocks();
      for (const part of this.root.querySelectorAll<HTMLElement>("[data-passkey]")) part.hidden = !(await passkeysOffered());
    } catch (error) {
      this.tell(error, () => void this.start());
    }
  }

  /** Keys of a season that is over and whose threads are open; a new season asks for a new key. */
  private async drawPast(): Promise<void> {
    const held = (await (await device()).keys("secrets")).map((key) => key.slice(key.lastIndexOf("/") + 1));
    const past = openSeasons(Date.now()).slice(1).find((season) => held.includes(season));
    const part = this.part("past");
    part.hidden = past === undefined;
    if (past === undefined) return;
    const day = dayOf(closesAt(past));
    const title = this.identity === null ? seasons("begun") : seasons("pastHeld", { season: past });
    replace(part, alert("info", title, make("p", {}, seasons(this.identity === null ? "begunNext" : "pastOnly", { season: past, day }))));
  }

  private showClocks(): void {
    const minutes = Math.round(Math.abs(clockOffset()) / 60_000);
    if (minutes >= CLOCK_TOLERANCE_MINUTES) replace(this.status, alert("warning", common("clockDiffers", { minutes })));
  }

  /** The people site names the member's lists when it leads back here, so that the composer can offer them first. */
  private noteJoined(): void {
    const joined = new URLSearchParams(location.hash.slice(1)).get("joined");
    if (joined === null) return;
    history.replaceState(null, "", location.pathname + location.search);
    for (const roster of joined.split(",")) {
      const [of, slug = ""] = roster.split("/");
      rememberCompany(of === "industry" ? `industry/${slug}` : slug);
    }
    announce(say("joinedSaved"));
  }

  /** What was here before is gone, so it can only be told after the page was loaded anew. */
  private noteForgotten(): void {
    if (location.hash !== "#forgotten") return;
    history.replaceState(null, "", location.pathname + location.search);
    this.say(say("forgotten"));
  }

  private on(selector: string, act: () => Promise<void>): void {
    for (const pressed of this.root.querySelectorAll<HTMLButtonElement>(selector)) {
      pressed.addEventListener("click", () => void this.run(pressed, act));
    }
  }

  private listen(): void {
    this.on("[data-create]", () => this.create());
    this.on("[data-download]", () => this.downloadBackup());
    this.on("[data-renew]", () => this.renewCode());
    this.on("[data-remove]", () => Promise.resolve(this.remove()));
    this.on("[data-enrol]", () => this.enrol());
    this.on("[data-passkey-backup]", () => this.backUpWithPasskey());
    this.on("[data-pair-give]", () => this.pair(true));
    this.on("[data-pair-take]", () => this.pair(false));
    this.on("[data-forget-all]", () => Promise.resolve(this.forgetAll()));
    need(this.root, "form[data-restore]", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      const form = event.currentTarget as HTMLFormElement;
      void this.run(form.querySelector("button"), () => this.restore(form));
    });
  }

  /** One thing at a time, with the trouble told where the member looks. */
  private async run(pressed: HTMLButtonElement | null, act: () => Promise<void>): Promise<void> {
    if (pressed?.disabled) return;
    if (pressed !== null) pressed.disabled = true;
    replace(this.status);
    try {
      await act();
    } catch (error) {
      this.tell(error, null);
    } finally {
      this.steps.hide();
      if (pressed !== null) pressed.disabled = false;
    }
  }

  private tell(error: unknown, retry: (() => void) | null): void {
    const box = alert("error", describe(error), retry === null ? null : make("p", {}, button(common("retry"), "quiet", retry)));
    box.tabIndex = -1;
    replace(this.status, box);
    box.focus();
  }

  private say(text: string): void {
    replace(this.status, alert("success", text));
  }

  private draw(): void {
    const { identity, pending } = this;
    this.part("loading").hidden = true;
    this.part("none").hidden = identity !== null;
    this.part("have").hidden = identity === null;
    this.part("restore").hidden = this.part("forget").hidden = false;
    this.part("enrol").hidden = pending === null || identity === null;
    this.part("enrol-first").hidden = pending === null || identity !== null;
    if (identity !== null) this.drawIdentity(identity);
    if (pending !== null) this.drawEnrolment(pending);
  }

  private drawIdentity({ season, commitment, backedUp }: IdentityFacts): void {
    need(this.root, "[data-season]", HTMLElement).textContent = say("season", { season, day: dayOf(endsAt(season)), closes: dayOf(closesAt(season)) });
    need(this.root, "[data-commitment]", HTMLElement).textContent = commitment;
    const mark = need(this.root, "[data-backed-up]", HTMLElement);
    mark.textContent = backedUp ? say("backedUp") : say("notBackedUp");
    mark.className = `tag tag-${backedUp ? "success" : "warning"}`;
  }

  // ── Making and keeping ──────────────────────────────────────────────────────────────────────────────────────────

  private async create(): Promise<void> {
    // Asks the browser not to clear this site's storage when the disk runs full; the answer changes nothing here.
    await navigator.storage?.persist?.().catch(() => false);
    this.showCode(await prover.ask("create", { facts: this.site }), say("created"));
  }

  private async renewCode(): Promise<void> {
    this.showCode(await prover.ask("renewCode", { facts: this.site }), say("codeRenewed"));
  }

  private showCode(made: NewBackup, text: string): void {
    this.identity = made;
    this.draw();
    const part = this.part("code");
    part.hidden = false;
    // One thing at a time: whoever goes on without having written the code down may lose the key.
    for (const name of ["have", "enrol", "restore"]) this.part(name).hidden = true;
    need(part, "[data-code-note]", HTMLElement).textContent = text;
    need(part, "[data-code]", HTMLElement).textContent = made.code;
    this.askForGroup(part, made.code.split("-"));
    part.scrollIntoView({ block: "start" });
    part.focus();
  }

  /** The code is written down when one of its groups can be typed off. */
  private askForGroup(part: HTMLElement, groups: readonly string[]): void {
    const [word] = crypto.getRandomValues(new Uint32Array(1));
    const place = word! % groups.length;
    const form = need(part, "form[data-confirm]", HTMLFormElement);
    const input = need(form, "input", HTMLInputElement);
    const errors = need(form, "[data-errors]", HTMLElement);
    need(form, "[data-confirm-label]", HTMLElement).textContent = say("confirmGroup", { number: place + 1 });
    input.value = "";
    form.onsubmit = (event) => {
      event.preventDefault();
      if (input.value.trim().toUpperCase() === groups[place]) return void this.confirm(part);
      replace(errors, fieldError(say("confirmWrong", { number: place + 1 })));
      input.setAttribute("aria-invalid", "true");
      input.focus();
    };
  }

  private async confirm(part: HTMLElement): Promise<void> {
    this.identity = await prover.ask("confirmBackup", { facts: this.site });
    need(part, "[data-code]", HTMLElement).textContent = "";
    part.hidden = true;
    this.draw();
    this.say(say("confirmed"));
    const next = find(this.root, "[data-enrol]", HTMLButtonElement);
    if (this.pending !== null) next?.focus();
  }

  private async downloadBackup(): Promise<void> {
    const text = await prover.ask("backup", { facts: this.site });
    download(`openmai-backup-${this.site.site}-${this.site.season}.json`, text);
  }

  private async restore(form: HTMLFormElement): Promise<void> {
    const file = need(form, "[name=file]", HTMLInputElement).files?.[0];
    if (file === undefined) return replace(this.status, alert("error", say("chooseFile")));
    const restored = await this.openBackup(await file.text(), need(form, "[name=code]", HTMLInputElement).value);
    form.reset();
    this.identity = await prover.ask("identities", { facts: this.site });
    this.draw();
    const { season } = restored;
    this.say(season === this.site.season ? say("restored") : say("restoredOther", { season, current: this.site.season }));
  }

  /** A file that was sealed under a passkey asks for that, and for no code. */
  private async openBackup(file: string, code: string): Promise<IdentityFacts> {
    const passkey = passkeyOf(file);
    if (passkey === null) return prover.ask("restore", { facts: this.site, file, code });
    return prover.ask("restoreByPasskey", { facts: this.site, file, prf: await askPasskey(passkey) });
  }

  private async backUpWithPasskey(): Promise<void> {
    const output = await makePasskey(`${this.site.site} ${this.site.season}`);
    const file = await prover.ask("passkeyBackup", { facts: this.site, output });
    download(`openmai-passkey-backup-${this.site.site}-${this.site.season}.json`, file);
    this.identity = await prover.ask("confirmBackup", { facts: this.site });
    this.draw();
    this.say(say("passkeyMade"));
  }

  // ── Another device ──────────────────────────────────────────────────────────────────────────────────────────────

  private async pair(invites: boolean): Promise<void> {
    const done = (identity: IdentityFacts | null): void => {
      this.identity = identity;
      this.draw();
      this.say(say("paired"));
    };
    await new PairingWizard(this.part("pair"), this.site, done, () => this.draw()).start(invites);
    for (const name of ["none", "have", "restore", "enrol", "enrol-first", "forget"]) this.part(name).hidden = true;
  }

  // ── Forgetting ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Ten seconds in which it can be taken back, as with the key alone. */
  private forgetAll(): void {
    const timer = setTimeout(() => {
      void forgetEverything().then(startAnew, (error: unknown) => this.tell(error, null));
    }, REMOVAL_MS);
    announce(say("forgetPending"), { label: say("removeUndo"), press: () => clearTimeout(timer) });
  }

  /** Ten seconds in which it can be taken back: without a backup it is gone. */
  private remove(): void {
    const timer = setTimeout(() => {
      void prover.ask("forget", { facts: this.site }).then(() => {
        this.identity = null;
        this.part("code").hidden = true;
        this.draw();
        this.say(say("removed"));
      }, (error: unknown) => this.tell(error, null));
    }, REMOVAL_MS);
    announce(say("removePending"), { label: say("removeUndo"), press: () => clearTimeout(timer) });
  }

  // ── Enrolment ───────────────────────────────────────────────────────────────────────────────────────────────────

  private drawEnrolment(pending: Pending): void {
    const target = wayBack(pending, this.site.people_origin);
    const note = need(this.root, "[data-enrol-to]", HTMLElement);
    need(this.root, "[data-enrol]", HTMLButtonElement).hidden = target === null;
    if (target !== null) {
      note.textContent = say("enrolTo", { origin: target.origin });
      return;
    }
    forgetTicket();
    const origin = URL.canParse(pending.back) ? new URL(pending.back).origin : pending.back;
    replace(note, alert("error", pending.back === "" ? say("enrolReturnMissing") : say("enrolReturnRefused", { origin })));
  }

  private async enrol(): Promise<void> {
    const { pending } = this;
    const target = pending && wayBack(pending, this.site.people_origin);
    if (pending === null || target === null) return;
    const answer = await prover.ask("enrol", { facts: this.site, ticket: pending.ticket }, { progress: this.steps.listener(STEP_NAMES) });
    this.say(say("goingBack"));
    goBack(target, answer);
  }
}

for (const root of document.querySelectorAll<HTMLElement>("[data-identity]")) void new IdentityPage(root).start();
