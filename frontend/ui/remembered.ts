/** Which companies and trades this device's member could speak for: an order of the choices, never a choice. */

const KEY = "openmai-companies";
const SLUG = /^(?:industry\/)?[a-z0-9][a-z0-9-]{0,62}$/;

export function rememberedCompanies(): string[] {
  try {
    const found: unknown = JSON.parse(window.localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter((slug): slug is string => typeof slug === "string" && SLUG.test(slug)) : [];
  } catch {
    return [];
  }
}

export function rememberCompany(slug: string): void {
  if (!SLUG.test(slug)) return;
  try {
    window.localStorage.setItem(KEY, JSON.stringify([...new Set([...rememberedCompanies(), slug])].slice(-20)));
  } catch {
    // It will have to be chosen from the list again.
  }
}
