/** The composer: writes an opening or a reply, has it proved and signed, and puts it into the outbox. */
import { forgetUnjoined } from "../device/personas.ts";
import { removeEntry, writeEntry, type Entry } from "../device/outbox.ts";
import type { Draft as Spoken, Spoken as Submission } from "../proofs/messages.ts";
import { clockOffset, factsOf, fetchSite, fetchThread, serverNow, type Site } from "./api.ts";
import { deliverNow, device, notifyOutbox } from "./delivery.ts";
import { alert, announce, button, fieldError, find, make, need, replace } from "./dom.ts";
import { DraftPlace, emptyDraft, type Draft } from "./drafts.ts";
import { describe, problemText } from "./failures.ts";
import { countedFields, excess, limitOf } from "./limits.ts";
import * as en from "./messages/en.ts";
import * as zh from "./messages/zh.ts";
import { prover, ProverError } from "./prover.ts";
import { isShown } from "./shown.ts";
import { labelText, Speaker } from "./speaker.ts";
import { megabytes, Steps, type StepNames } from "./steps.ts";
import { language, sayer, timeOf } from "./words.ts";

const say = sayer(en.compose, zh.compose);
const common = sayer(en.common, zh.common);
const outboxSay = sayer(en.outbox, zh.outbox);

const DELAYS: Readonly<Record<string, number>> = { next: 0, hour: 3_600_000, day: 86_400_000 };
/** By then the composer has had its answer; if the page was closed before, the outbox takes over. */
const OUTBOX_TAKES_OVER_MS = 30_000;
const CLOCK_TOLERANCE_MS = 120_000;

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const STEP_NAMES: StepNames = {
  artifacts: ({ done, total }) => say("stepArtifacts", { done: megabytes(done), total: megabytes(total) }),
  bans: () => say("stepBans"),
  roster: () => say("stepRoster"),
  hashing: ({ done }) => say("stepHashing", { percent: Math.round(done * 100) }),
  witness: () => say("stepWitness"),
  gate: ({ done, total }) => say("stepGate", { page: done + 1, pages: total }),
  signing: () => say("stepSigning"),
};

/** A uniformly random time within `span`: when it is sent says nothing about when it was written. */
function randomWithin(span: number): number {
  const [word] = crypto.getRandomValues(new Uint32Array(1));
  return Math.floor((word! / 2 ** 32) * span);
}

/** Which field a problem's JSON pointer speaks of. */
export function fieldOf(pointer: string | null): "section" | "title" | "body" | "speaker" | null {
  const name = pointer?.match(/^\/content\/(section|title|body)$/)?.[1];
  if (name !== undefined) return name as "section" | "title" | "body";
  return pointer !== null && /^\/(join|key)(\/|$)/.test(pointer) ? "speaker" : null;
}

export class Composer {
  private readonly kind: "opening" | "reply";
  private readonly thread: string | null;
  private readonly season: string | null;
  private readonly draft: DraftPlace;
  private readonly speaker: Speaker;
  private readonly steps: Steps;
  private readonly outcome: HTMLElement;
  private parent: string | null = null;
  private busy = false;
  /** Null until the site has answered. */
  private limits: Site["limits"] | null = null;

  constructor(private readonly form: HTMLFormElement) {
    this.thread = form.dataset["thread"] ?? null;
    this.kind = this.thread === null ? "opening" : "reply";
    this.draft = new DraftPlace(this.thread ?? "new");
    this.season = form.dataset["season"] ?? null;
    this.speaker = new Speaker(form, this.thread, this.season, () => this.clearErrors("speaker"));
    this.steps = new Steps(need(form, "[data-steps]", HTMLElement));
    this.outcome = need(form, "[data-outcome]", HTMLElement);
  }

  async start(): Promise<void> {
    this.restoreDraft();
    this.form.addEventListener("input", (event) => this.onInput(event.target));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.send();
    });
    this.form.addEventListener("keydown", (event) => this.onKey(event));
    document.addEventListener("click", (event) => this.onReplyTo(event));
    find(this.form, "[data-discard]", HTMLButtonElement)?.addEventListener("click", () => this.discard());
    this.form.querySelectorAll("[data-alive]").forEach((part) => part.toggleAttribute("hidden", false));
    need(this.form, "[type=submit]", HTMLButtonElement).disabled = false;
    await Promise.all([this.speaker.start(), this.showRelease()]);
  }

  // ── Draft ───────────────────────────────────────────────────────────────────────────────────────────────────────

  private field(name: string): Field | null {
    const field = this.form.elements.namedItem(name);
    return field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement ? field : null;
  }

  private value(name: string): string {
    return this.field(name)?.value ?? "";
  }

  private delay(): string {
    return String(new FormData(this.form).get("delay") ?? "next");
  }

  private current(): Draft {
    return { section: this.value("section"), title: this.value("title"), body: this.value("body"), parent: this.parent ?? "", delay: this.delay() };
  }

  private fill({ section, title, body, parent, delay }: Draft): void {
    const values: Record<string, string> = { section, title, body };
    for (const [name, value] of Object.entries(values)) {
      const field = this.field(name);
      if (field !== null && value !== "") field.value = value;
    }
    if (delay in DELAYS) need(this.form, `[name=delay][value=${delay}]`, HTMLInputElement).checked = true;
    this.parent = parent === "" ? null : parent;
    const link = this.parent === null ? null : document.querySelector<HTMLElement>(`[data-reply="${CSS.escape(this.parent)}"]`);
    this.showParent(link?.dataset[language() === "zh" ? "aliasZh" : "aliasEn"] ?? "…");
  }

  private restoreDraft(): void {
    const draft = this.draft.read();
    if (draft !== null) this.fill(draft);
  }

  private onInput(target: EventTarget | null): void {
    const kept = this.draft.write(this.current());
    const note = need(this.form, "[data-draft-note]", HTMLElement);
    note.textContent = kept ? say("draftKept") : say("draftNotKept");
    if (!(target instanceof Element)) return;
    const name = target.getAttribute("name") ?? "";
    this.count(name);
    this.clearErrors(name);
  }

  private discard(): void {
    const draft = this.current();
    this.draft.clear();
    this.form.reset();
    this.fill({ ...emptyDraft, section: draft.section });
    this.countAll();
    announce(say("draftDiscarded"), {
      label: outboxSay("undo"),
      press: () => {
        this.fill(draft);
        this.onInput(this.field("body"));
      },
    });
  }

  private countAll(): void {
    for (const name of countedFields) this.count(name);
  }

  private count(name: string): void {
    const limit = limitOf(this.limits, name);
    const counter = find(this.form, `[data-counter=${name || "none"}]`, HTMLElement);
    if (limit === null || counter === null) return;
    counter.textContent = say("counter", { count: [...this.value(name)].length, limit });
  }

  private onKey(event: KeyboardEvent): void {
    // Enter in the title goes on to the text; while an input method composes it belongs to that.
    if (event.key !== "Enter" || event.isComposing || !(event.target instanceof HTMLInputElement) || event.target.name !== "title") return;
    event.preventDefault();
    this.field("body")?.focus();
  }

  private onReplyTo(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-reply]") : null;
    if (link === null || this.thread === null) return;
    event.preventDefault();
    // The opening is answered by a reply without parent.
    this.parent = link.dataset["reply"] || null;
    this.showParent(link.dataset[language() === "zh" ? "aliasZh" : "aliasEn"] ?? "");
    this.form.scrollIntoView({ block: "start" });
    this.field("body")?.focus({ preventScroll: true });
  }

  /** Says whom the reply answers, and lets the writer take that back. */
  private showParent(alias: string): void {
    const place = find(this.form, "[data-parent]", HTMLElement);
    if (place === null) return;
    place.hidden = this.parent === null;
    const undo = button(say("replyToThread"), "link", () => {
      this.parent = null;
      this.showParent("");
      this.onInput(null);
    });
    replace(place, this.parent === null ? null : say("replyingTo", { alias }), this.parent === null ? null : undo);
  }

  private async learnLimits(): Promise<Site | null> {
    const site = await fetchSite().catch(() => null);
    this.limits = site?.limits ?? this.limits;
    this.countAll();
    return site;
  }

  private async showRelease(): Promise<void> {
    const site = await this.learnLimits();
    const text = find(this.form, "[data-next-release]", HTMLElement);
    if (site === null || text === null) return;
    const next = new Date(Date.parse(site.next_tick) - clockOffset());
    text.textContent = site.tick_seconds < 60 ? say("nextReleasePlain") : say("nextRelease", { time: timeOf(next, new Date()) });
    if (Math.abs(clockOffset()) > CLOCK_TOLERANCE_MS) {
      const minutes = Math.round(Math.abs(clockOffset()) / 60_000);
      this.form.prepend(alert("warning", common("clockDiffers", { minutes })));
    }
  }

  // ── Errors beside their fields ──────────────────────────────────────────────────────────────────────────────────

  private clearErrors(name: string): void {
    const place = find(this.form, `[data-errors=${name || "none"}]`, HTMLElement);
    if (place === null) return;
    replace(place);
    place.closest(".field")?.classList.remove("field-bad");
    this.field(name)?.removeAttribute("aria-invalid");
  }

  private showError(name: string, text: string): void {
    const place = need(this.form, `[data-errors=${name}]`, HTMLElement);
    replace(place, fieldError(text));
    place.closest(".field")?.classList.add("field-bad");
    this.field(name)?.setAttribute("aria-invalid", "true");
  }

  /** What is missing, told beside each field; focuses the first. */
  private check(): boolean {
    const trouble: [string, string][] = [];
    if (this.speaker.crowd === null) trouble.push(["speaker", say("chooseIdentity")]);
    if (this.kind === "opening" && this.value("section") === "") trouble.push(["section", say("chooseSection")]);
    if (this.kind === "opening" && this.value("title").trim() === "") trouble.push(["title", say("titleMissing")]);
    if (this.kind === "reply" && this.value("body").trim() === "") trouble.push(["body", say("bodyMissing")]);
    for (const name of countedFields) {
      const over = excess(this.limits, name, this.value(name));
      if (over > 0) trouble.push([name, say("tooLong", { count: over })]);
    }
    for (const [name, text] of trouble) this.showError(name, text);
    const first = trouble[0]?.[0];
    if (first !== undefined) this.focus(first);
    return first === undefined;
  }

  private focus(name: string): void {
    const field = this.field(name) ?? find(this.form, "[name=speaker]", HTMLInputElement);
    field?.focus();
  }

  // ── Sending ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private async send(): Promise<void> {
    if (this.busy) return;
    this.setBusy(true);
    replace(this.outcome);
    try {
      await Promise.all([this.speaker.ready(), this.learnLimits()]);
      if (!this.check()) return;
      const entry = await this.speak();
      this.steps.show("sending", say("stepSending"), null);
      await this.deliver(entry);
    } catch (error) {
      this.fail(describe(error), null, this.speaker.consent(error, () => this.send()));
    } finally {
      this.steps.hide();
      this.setBusy(false);
    }
  }

  private setBusy(busy: boolean): void {
    this.busy = busy;
    this.form.toggleAttribute("aria-busy", busy);
    need(this.form, "[type=submit]", HTMLButtonElement).disabled = busy;
    for (const name of ["section", "title", "body"]) {
      const field = this.field(name);
      if (field instanceof HTMLSelectElement) field.disabled = busy;
      else if (field !== null) field.readOnly = busy;
    }
  }

  private async spokenDraft(): Promise<Spoken> {
    const { section, title, body } = this.current();
    if (this.thread === null) return { kind: "opening", section, title, body };
    const { opening, checkpoints } = await fetchThread(this.thread);
    if (!isShown(opening.content, document)) throw new ProverError("thread-altered");
    return { kind: "reply", thread: this.thread, parent: this.parent, body, opening: opening.content, checkpoints };
  }

  /** Proves and signs; the entry is on this device's disk when it resolves. */
  private async speak(): Promise<Entry> {
    const crowd = this.speaker.crowd!;
    const draft = await this.spokenDraft();
    const wait = randomWithin(DELAYS[this.delay()] ?? 0);
    const facts = await factsOf(this.season, { fresh: true }); // the list of bans may be another since the page was opened
    const asked = { facts, draft, roster: crowd.roster, now: Date.now(), sendAt: serverNow() + wait };
    const spoken = await prover.ask("speak", asked, { progress: this.steps.listener(STEP_NAMES) });
    const entry = this.entry(draft, spoken, wait);
    await writeEntry(await device(), entry);
    return entry;
  }

  private entry(draft: Spoken, { action, thread, season, body, persona, joins }: Submission, wait: number): Entry {
    const opening = draft.kind === "opening" ? draft : null;
    return {
      action, thread, season, body, joins,
      kind: draft.kind,
      section: opening?.section ?? null,
      title: opening?.title ?? null,
      text: draft.body,
      parent: draft.kind === "reply" ? draft.parent : null,
      roster: persona.roster,
      rosterKind: persona.kind,
      label: persona.label,
      alias: persona.alias,
      state: "waiting",
      created: Date.now(),
      next: Date.now() + (wait || OUTBOX_TAKES_OVER_MS),
      attempts: 0,
      due: null,
      receipt: null,
      unsigned: false,
      refusal: null,
      renewals: 0,
    };
  }

  private async deliver(entry: Entry): Promise<void> {
    if (this.delay() !== "next") return this.succeed(entry, alert("success", say("queued"), make("p", {}, say("queuedUntil", { time: timeOf(new Date(entry.next), new Date()) }))));
    const sent = await deliverNow(entry.action, this.steps.listener(STEP_NAMES));
    if (sent?.state === "refused") return this.refused(sent);
    if (sent === null || sent.state === "waiting") return this.succeed(entry, alert("warning", say("queued"), make("p", {}, say("queuedOffline"))));
    const text = sent.state === "published" ? say("published") : say("accepted");
    const due = sent.due === null ? "" : say("acceptedDue", { time: timeOf(new Date(Date.parse(sent.due) - clockOffset()), new Date()) });
    this.succeed(sent, alert("success", text, make("p", {}, due)));
  }

  /** The server said no: the words go back to the writer, and the outbox forgets its copy. */
  private async refused({ action, thread, refusal }: Entry): Promise<void> {
    const database = await device();
    await removeEntry(database, action);
    await forgetUnjoined(database, thread);
    notifyOutbox();
    this.fail(problemText(refusal!), refusal!.pointer);
  }

  private fail(text: string, pointer: string | null, remedy: HTMLElement | null = null): void {
    const name = fieldOf(pointer);
    const place = name === null || find(this.form, `[data-errors=${name}]`, HTMLElement) === null ? null : name;
    if (place !== null) this.showError(place, text);
    const box = alert("error", say("notSent"), make("p", {}, text), remedy === null ? null : make("p", {}, remedy));
    replace(this.outcome, box);
    if (place !== null) this.focus(place);
    else this.reveal(box);
  }

  private reveal(box: HTMLElement): void {
    box.tabIndex = -1;
    box.focus();
  }

  /** The text is safe in the outbox, so the draft has done its work. */
  private succeed(entry: Entry, box: HTMLElement): void {
    this.draft.clear();
    for (const name of ["title", "body"]) {
      const field = this.field(name);
      if (field !== null) field.value = "";
      this.count(name);
    }
    this.parent = null;
    this.showParent("");
    notifyOutbox();
    const name = common("aliasWithLabel", { alias: entry.alias[language()], label: labelText(entry.label) });
    const links = make("p", { class: "row" }, make("a", { class: "btn btn-quiet btn-sm", href: this.form.dataset["outboxUrl"] ?? "" }, say("toOutbox")));
    links.append(button(say("writeAnother"), "link", () => this.again()));
    box.lastElementChild!.append(make("p", {}, say("yourAlias", { alias: name })), links);
    replace(this.outcome, box);
    need(this.form, "[data-writing]", HTMLElement).hidden = true;
    this.speaker.spoke(entry);
    this.reveal(box);
  }

  private again(): void {
    replace(this.outcome);
    need(this.form, "[data-writing]", HTMLElement).hidden = false;
    this.speaker.again();
    (this.field("title") ?? this.field("body"))?.focus();
    void this.showRelease();
  }
}
