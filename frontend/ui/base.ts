// Small things on every page: light and dark, the other language without losing what was typed, and the keyboard.
const THEME_KEY = "openmai-theme";
const DRAFT_KEY = "openmai-language-switch";

/** What was typed on a page when its reader changed the language. Lives only until the next page has taken it up. */
interface Carried {
  /** Address without the language, so that the same page in another language recognises it. */
  page: string;
  entries: { form: number; name: string; index: number; value: string; checked: boolean | null }[];
}

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** The address of this page without its language. */
function pageKey(path: string): string {
  return path.replace(/^\/(en|zh-hans)\//, "/");
}

/** The controls of a form whose content belongs to the writer; passwords and hidden fields are never copied. */
function controls(form: HTMLFormElement): Control[] {
  const own = (element: Element): element is Control =>
    element instanceof HTMLTextAreaElement ||
    element instanceof HTMLSelectElement ||
    (element instanceof HTMLInputElement && !["hidden", "password", "file", "submit", "button"].includes(element.type));
  return [...form.elements].filter(own).filter((control) => control.name !== "" && !control.closest("[data-no-carry]"));
}

function ticked(control: Control): boolean | null {
  const isBox = control instanceof HTMLInputElement && (control.type === "checkbox" || control.type === "radio");
  return isBox ? control.checked : null;
}

/** Everything typed on the page, form by form. Controls of one name are told apart by their place. */
export function collect(root: Document): Carried["entries"] {
  return [...root.forms].flatMap((form, index) =>
    controls(form).map((control, place) => ({
      form: index,
      name: control.name,
      index: place,
      value: control.value,
      checked: ticked(control),
    })),
  );
}

/** Puts the entries back where a control of the same form, place and name stands, and tells the page's scripts. */
export function restore(root: Document, entries: Carried["entries"]): void {
  for (const entry of entries) {
    const form = root.forms[entry.form];
    const control = form && controls(form)[entry.index];
    if (!control || control.name !== entry.name) continue;
    if (entry.checked === null) control.value = entry.value;
    else (control as HTMLInputElement).checked = entry.checked;
    control.dispatchEvent(new Event("input", { bubbles: true }));
    control.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function carryOver(): void {
  const carried: Carried = { page: pageKey(location.pathname), entries: collect(document) };
  try {
    sessionStorage.setItem(DRAFT_KEY, JSON.stringify(carried));
  } catch {
    // Nothing can be kept on this device; the link still leads to the other language.
  }
}

function takeUp(): void {
  try {
    const text = sessionStorage.getItem(DRAFT_KEY);
    sessionStorage.removeItem(DRAFT_KEY);
    const carried = text === null ? null : (JSON.parse(text) as Carried);
    if (carried?.page === pageKey(location.pathname)) restore(document, carried.entries);
  } catch {
    // As above.
  }
}

function watchLanguageSwitch(): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>("a[data-language-switch]")) {
    link.addEventListener("click", () => {
      // The fragment may carry a ticket of the enrolment: the server never saw it, so only the browser can keep it.
      link.hash = location.hash;
      carryOver();
    });
  }
}

function isDark(): boolean {
  const chosen = document.documentElement.dataset["theme"];
  return chosen === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
}

function watchThemeSwitch(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-theme-switch]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const theme = isDark() ? "light" : "dark";
      document.documentElement.dataset["theme"] = theme;
      try {
        localStorage.setItem(THEME_KEY, theme);
      } catch {
        // The choice holds for this page only.
      }
    });
  }
}

/** Ctrl or ⌘ with Enter sends the form being written. Enter alone never does while an input method composes. */
function watchKeyboard(): void {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    if (event.isComposing || event.keyCode === 229) {
      event.stopPropagation();
      return;
    }
    const target = event.target;
    if (target instanceof HTMLTextAreaElement && (event.ctrlKey || event.metaKey) && target.form) {
      event.preventDefault();
      target.form.requestSubmit();
    }
  });
}

/** A form that failed gets the focus on what was wrong, so that a screen reader begins there. */
function focusOnTrouble(): void {
  document.querySelector<HTMLElement>("[data-focus]")?.focus();
}

/** A second press within eight seconds is a slip of the finger, not a second message. */
function watchDoubleSend(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || event.defaultPrevented) return;
    if (form.dataset["sent"] === "1") event.preventDefault();
    form.dataset["sent"] = "1";
    setTimeout(() => delete form.dataset["sent"], 8000);
  });
  // Back from the history, the page may be the very same one.
  addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset["sent"];
  });
}

/** Links with data-copy put their text on the clipboard and say so. */
function watchCopy(): void {
  for (const button of document.querySelectorAll<HTMLElement>("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      void navigator.clipboard.writeText(button.dataset["copy"] ?? "").then(() => {
        const said = button.dataset["copied"];
        if (said) toast(said);
      });
    });
  }
}

/** Announces `text` for a few seconds, to eyes and to assistive technology. */
export function toast(text: string): void {
  const region = document.getElementById("toasts");
  if (!region) return;
  const note = document.createElement("p");
  note.className = "toast";
  note.textContent = text;
  region.append(note);
  setTimeout(() => note.remove(), 6000);
}

takeUp();
watchLanguageSwitch();
watchThemeSwitch();
watchKeyboard();
watchDoubleSend();
watchCopy();
focusOnTrouble();
