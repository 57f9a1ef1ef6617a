/** Building and finding elements. Text goes in as text, never as markup. */

type Child = Node | string | null;

/** An element with attributes; `null` and `false` leave an attribute out, `true` sets it empty. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | number | boolean | null>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child): child is Node | string => child !== null));
  return element;
}

/** The first element that matches, or null; `type` guards against a template that changed. */
export function find<T extends Element>(root: ParentNode, selector: string, type: new () => T): T | null {
  const element = root.querySelector(selector);
  return element instanceof type ? element : null;
}

/** The element that the page must have. */
export function need<T extends Element>(root: ParentNode, selector: string, type: new () => T): T {
  const element = find(root, selector, type);
  if (element === null) throw new Error(`the page has no ${selector}`);
  return element;
}

export function replace(parent: Element, ...children: readonly Child[]): void {
  parent.replaceChildren(...children.filter((child): child is Node | string => child !== null));
}

export function button(label: string, kind: "primary" | "quiet" | "link", press: () => void): HTMLButtonElement {
  const made = make("button", { type: "button", class: `btn btn-${kind} btn-sm` }, label);
  made.addEventListener("click", press);
  return made;
}

/** Hands the reader a file that was made here. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const SVG = "http://www.w3.org/2000/svg";
const RING = "M3 12a9 9 0 1 0 18 0a9 9 0 1 0-18 0";
/** As in web/icons.html. */
const SHAPES = {
  info: `${RING}M12 11v6M12 7.5v.1`,
  success: "m5 12.5 4.5 4.5L19 7",
  warning: "M12 4 21 19.5H3zM12 10v4.5M12 17v.1",
  error: `${RING}M9 9l6 6M15 9l-6 6`,
} as const;

function icon(kind: keyof typeof SHAPES): SVGElement {
  const drawing = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [name, value] of Object.entries({ class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" })) drawing.setAttribute(name, value);
  path.setAttribute("d", SHAPES[kind]);
  drawing.append(path);
  return drawing;
}

/** What is wrong with a field, in the look of the templates' errors. */
export const fieldError = (text: string): HTMLElement => make("p", {}, icon("error"), make("span", {}, text));

/** A note with a title, in the look of the templates' alerts. */
export function alert(kind: "info" | "success" | "warning" | "error", title: string, ...more: readonly Child[]): HTMLDivElement {
  const body = make("div", {}, make("p", { class: "alert-title" }, title), ...more);
  return make("div", { class: `alert alert-${kind}`, role: kind === "error" ? "alert" : null }, icon(kind), body);
}

/** Announces `text` for some seconds, to eyes and to assistive technology; with an action it stays longer. */
export function announce(text: string, action: { label: string; press: () => void } | null = null): void {
  const region = document.getElementById("toasts");
  if (region === null) return;
  const note = make("p", { class: "toast" }, text);
  if (action !== null) {
    const press = make("button", { type: "button", class: "btn btn-sm btn-link toast-action" }, action.label);
    press.addEventListener("click", () => {
      note.remove();
      action.press();
    });
    note.append(" ", press);
  }
  region.append(note);
  setTimeout(() => note.remove(), action === null ? 6000 : 10_000);
}
