/** Words in the language of the page, with their gaps filled. */

/** The names of the gaps in a text: `"{a} of {b}"` has "a" and "b". */
type Gaps<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | Gaps<Rest> : never;

/** A catalogue with the same keys as `C`. That the texts have the same gaps is tested, for the compiler sees no order. */
export type Translation<C> = { readonly [K in keyof C]: string };

type Values<T> = T extends string ? ([Gaps<T>] extends [never] ? [] : [values: Readonly<Record<Gaps<T>, string | number>>]) : [];

export type Say<C> = <K extends keyof C & string>(key: K, ...values: Values<C[K]>) => string;

const isChinese = (): boolean => document.documentElement.lang.toLowerCase().startsWith("zh");

/** "en" or "zh": the language of labels and aliases. */
export const language = (): "en" | "zh" => (isChinese() ? "zh" : "en");

/** The page of a thread or a post in the language of this page; an address without one goes by the browser's. */
export function pageOf(kind: "opening" | "reply", id: string): string {
  return `/${document.documentElement.lang.toLowerCase()}/${kind === "opening" ? "t" : "p"}/${id}/`;
}

export function fill(text: string, values: Readonly<Record<string, string | number>> = {}): string {
  return text.replace(/\{(\w+)\}/g, (gap, name: string) => (name in values ? shown(values[name]!) : gap));
}

const shown = (value: string | number): string => (typeof value === "number" ? value.toLocaleString(document.documentElement.lang) : value);

/** The speaker of one part of the catalogue. */
export function sayer<C extends object>(en: C, zh: Translation<C>): Say<C> {
  return (key, ...values) => fill((isChinese() ? zh[key] : en[key]) as string, values[0] ?? {});
}

/** A time as people say it: the hour today, else with the day. */
export function timeOf(moment: Date, now: Date): string {
  const sameDay = moment.toDateString() === now.toDateString();
  const seconds = Math.abs(moment.getTime() - now.getTime()) < 120_000 ? ({ second: "2-digit" } as const) : {};
  const day = sameDay ? {} : ({ day: "numeric", month: "short" } as const);
  return new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", ...seconds, ...day }).format(moment);
}

/** An RFC 3339 time with its day, by the device's zone. */
export const momentOf = (time: string): string =>
  new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeStyle: "short" }).format(new Date(time));

export const listOf = (names: readonly string[]): string => new Intl.ListFormat(document.documentElement.lang).format(names);

/** "2026-11-21" as a date in the page's language. */
export function dateOf(day: string): string {
  return new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));
}
