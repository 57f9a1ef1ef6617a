/** Who speaks: the composer's first control, the strip that stays in view, and the anonymity meter. */
import { readPersona, type PersonaNote } from "../device/personas.ts";
import type { Alias, Crowd, Label, RosterKind } from "../proofs/messages.ts";
import { factsOf, fetchRosters, fetchSite, type RosterFacts, type Site } from "./api.ts";
import { device } from "./delivery.ts";
import { button, download, find, make, need, replace } from "./dom.ts";
import { describe } from "./failures.ts";
import { glyphElement } from "./glyph.ts";
import * as en from "./messages/en.ts";
import * as zh from "./messages/zh.ts";
import { prover, ProverError } from "./prover.ts";
import { rememberCompany, rememberedCompanies } from "./remembered.ts";
import { dateOf, language, sayer } from "./words.ts";

const say = sayer(en.compose, zh.compose);
const common = sayer(en.common, zh.common);

export const labelText = (label: Label | null): string =>
  label === null ? common("randomAlias") : common(isTrade(label) ? "someoneIn" : "employeeOf", { company: label[language()] });
const isTrade = ({ slug }: Label): boolean => slug.startsWith("industry/");

/** The open companies and trades of the site, each once, by name; the trades come last. */
function openCompanies(rosters: readonly RosterFacts[]): Label[] {
  const labels = new Map<string, Label>();
  for (const { label, open } of rosters) if (open && label !== null) labels.set(label.slug, label);
  return [...labels.values()].sort((a, b) => Number(isTrade(a)) - Number(isTrade(b)) || a[language()].localeCompare(b[language()], document.documentElement.lang));
}

export class Speaker {
  /** The chosen crowd, once the worker has found the member in it. */
  crowd: Crowd | null = null;
  private known: PersonaNote | null = null;
  private asked = 0;
  private search: Promise<void> = Promise.resolve();
  private readonly choices: HTMLElement;
  private readonly meter: HTMLElement;
  private readonly strip: HTMLElement;

  constructor(
    private readonly form: HTMLFormElement,
    private readonly thread: string | null,
    /** The thread's season: its own secret and rosters count there. */
    private readonly season: string | null,
    private readonly changed: () => void,
  ) {
    this.choices = need(form, "[data-companies]", HTMLElement);
    this.meter = need(form, "[data-crowd]", HTMLElement);
    this.strip = need(form, "[data-posting-as]", HTMLElement);
  }

  /** Fills the choices. Nothing is chosen for the member, but a persona that is fixed in this thread. */
  async start(): Promise<void> {
    this.show(say("nobodyYet"), null);
    this.form.addEventListener("change", (event) => this.onChange(event.target));
    await this.settle();
    if (this.known === null) await this.offerCompanies();
  }

  private facts(): Promise<Site> {
    return factsOf(this.season);
  }

  private async readKnown(): Promise<PersonaNote | null> {
    if (this.thread === null) return null;
    return device()
      .then((database) => readPersona(database, this.thread!))
      .then((note) => note ?? null, () => null);
  }

  private async offerCompanies(): Promise<void> {
    const companies = openCompanies(await fetchRosters(this.season).catch(() => []));
    const mine = rememberedCompanies();
    const own = companies.filter(({ slug }) => mine.includes(slug));
    const others = companies.filter(({ slug }) => !mine.includes(slug));
    replace(this.choices, ...own.map((label) => this.choice(label.slug, labelText(label))));
    const select = need(this.form, "[data-other-company]", HTMLSelectElement);
    for (const label of others) select.append(make("option", { value: label.slug }, labelText(label)));
    find(this.form, "[data-other]", HTMLElement)?.toggleAttribute("hidden", others.length === 0);
  }

  private choice(slug: string, text: string): HTMLElement {
    const radio = make("input", { type: "radio", name: "speaker", value: `company:${slug}`, class: "radio" });
    return make("label", { class: "choice" }, radio, make("span", {}, text));
  }

  /** In a thread where the member speaks already the label is settled, and there is nothing to choose. */
  private fix(note: PersonaNote): void {
    need(this.form, "[data-choices]", HTMLElement).hidden = true;
    const name = common("aliasWithLabel", { alias: note.alias[language()], label: labelText(note.label) });
    this.show(name, note.alias);
    replace(this.meter, make("p", { class: "field-help" }, say("knownHere", { alias: note.alias[language()] })));
    // The list need not be looked at to speak on: the worker does so if the join has to be renewed.
    this.crowd = { roster: note.roster, kind: note.kind, label: note.label, live: 0, settled: 0, published: "" };
  }

  private onChange(target: EventTarget | null): void {
    if (target instanceof HTMLSelectElement && target.matches("[data-other-company]")) {
      const radio = need(this.form, "[value='other']", HTMLInputElement);
      radio.checked = true;
    } else if (!(target instanceof HTMLInputElement) || target.name !== "speaker") return;
    this.search = this.choose();
  }

  /** The company that is chosen: a slug, null for the random alias, undefined while nothing is. */
  private chosen(): string | null | undefined {
    const value = new FormData(this.form).get("speaker");
    if (value === "site") return null;
    if (value === "other") return need(this.form, "[data-other-company]", HTMLSelectElement).value || undefined;
    return typeof value === "string" ? value.slice("company:".length) : undefined;
  }

  /** Sent: from now on the alias is known. */
  spoke({ alias, label }: { readonly alias: Alias; readonly label: Label | null }): void {
    this.show(common("aliasWithLabel", { alias: alias[language()], label: labelText(label) }), alias);
  }

  /** Another one: in this thread the label is settled now; another thread means another alias. */
  again(): void {
    this.search = this.thread === null ? this.choose() : this.settle();
  }

  private async settle(): Promise<void> {
    this.known = await this.readKnown();
    if (this.known !== null) this.fix(this.known);
  }

  private async choose(): Promise<void> {
    this.crowd = null;
    const company = this.chosen();
    if (company === undefined) {
      this.show(say("nobodyYet"), null);
      return replace(this.meter);
    }
    await this.find(company);
  }

  /** Resolves when the last choice has been looked up, so that sending does not overtake it. */
  ready(): Promise<void> {
    return this.search;
  }

  /** Looks for the member in the list of members; of several questions only the last one's answer counts. */
  private async find(company: string | null): Promise<void> {
    const asked = ++this.asked;
    replace(this.meter, make("p", { class: "field-help" }, say("checking")));
    this.show(say("nobodyYet"), null);
    try {
      const crowd = await prover.ask("crowd", { facts: await this.facts(), company });
      if (asked !== this.asked) return;
      this.crowd = crowd;
      if (company !== null) rememberCompany(company);
      await this.found(crowd);
    } catch (error) {
      if (asked === this.asked) this.lost(error);
    }
    this.changed();
  }

  private async found(crowd: Crowd): Promise<void> {
    replace(this.meter, ...crowdText(crowd));
    const label = labelText(crowd.label);
    if (this.thread === null) return this.show(say("aliasLater", { label }), null);
    const alias = await prover.ask("alias", { facts: await this.facts(), thread: this.thread });
    this.show(common("aliasWithLabel", { alias: alias[language()], label }), alias);
  }

  private lost(error: unknown): void {
    const note = make("p", { class: "field-errors", role: "alert" }, describe(error));
    replace(this.meter, note, this.remedy(error));
  }

  /** What can be done about it here. */
  private remedy(error: unknown): HTMLElement | null {
    if (!(error instanceof ProverError)) return null;
    if (error.code === "no-identity") {
      const href = this.form.dataset["identityUrl"] ?? "";
      return make("p", { class: "remedy" }, make("a", { class: "btn btn-primary btn-sm", href }, say("toIdentity")));
    }
    const press = this.consent(error, () => this.choose()) ?? button(common("retry"), "quiet", () => void (this.search = this.choose()));
    return make("p", { class: "remedy" }, press);
  }

  /** What the member may accept deliberately, also where it is met only when something is sent; `then` goes on from there. */
  consent(error: unknown, then: () => Promise<void>): HTMLElement | null {
    if (!(error instanceof ProverError)) return null;
    const { code, parameters } = error;
    if (code === "roster-key-changed") return button(common("trustKey"), "quiet", () => void this.trust("trustRosterKey").then(then));
    if (code === "log-key-changed") return button(common("trustLogKey"), "quiet", () => void this.trust("trustLogKey").then(then));
    if (code === "log-witnesses-changed") return button(common("trustWitnesses"), "quiet", () => void this.trust("trustLogKey").then(then));
    if (EVIDENCED.includes(code)) return button(common("downloadEvidence"), "primary", () => void saveEvidence());
    if (code === "gate-key-changed") return button(common("trustKey"), "quiet", () => void this.trust("trustGateKey").then(then));
    if (!["roster-shrunk", "roster-unchained", "roster-remade"].includes(code)) return null;
    const { roster, epoch } = parameters as { roster: string; epoch: number };
    return button(common("acceptRoster"), "quiet", () => void this.accept(roster, epoch).then(then));
  }

  private async trust(which: "trustRosterKey" | "trustLogKey" | "trustGateKey"): Promise<void> {
    await prover.ask(which, { facts: await fetchSite() }).catch(() => null);
  }

  private async accept(roster: string, epoch: number): Promise<void> {
    await prover.ask("acceptEpoch", { facts: await this.facts(), roster, epoch }).catch(() => null);
  }

  private show(name: string, alias: Alias | null): void {
    const glyph = alias === null ? null : make("span", { class: "glyph-box glyph-sm" }, glyphElement(alias.glyph));
    replace(this.strip, glyph, glyph === null ? null : " ", name);
  }
}

/** Refusals after which this device holds what the log has signed against itself. */
const EVIDENCED: readonly string[] = ["log-forked", "log-older", "thread-log-differs"];

async function saveEvidence(): Promise<void> {
  const facts = await fetchSite();
  const file = await prover.ask("logEvidence", { facts }).catch(() => null);
  if (file !== null) download(`openmai-log-evidence-${facts.site}.json`, file);
}

function evidence(kind: RosterKind): string | null {
  return kind === "site" ? null : say(kind);
}

function crowdText(crowd: Crowd): Node[] {
  const { live, settled, label, kind, published } = crowd;
  const backing = evidence(kind);
  return [
    make("p", { class: "crowd-size" }, make("strong", {}, say("crowd", { live }))),
    make("p", { class: "field-help" }, `${backing === null ? "" : say("backedBy", { label: labelText(label), backing })}${say("crowdSettled", { settled, date: dateOf(published) })}`),
    make("p", { class: "field-help" }, say("upperBound")),
  ];
}
