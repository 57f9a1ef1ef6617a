import { afterEach, expect, it, vi } from "vitest";
import { passkeysOffered } from "../ui/passkeys.ts";

afterEach(() => vi.unstubAllGlobals());

function browser(hostname: string, capabilities: Readonly<Record<string, boolean>> | null): void {
  const told = capabilities === null ? {} : { getClientCapabilities: () => Promise.resolve(capabilities) };
  vi.stubGlobal("PublicKeyCredential", told);
  vi.stubGlobal("navigator", { credentials: {} });
  vi.stubGlobal("location", { hostname });
}

it.each(["talk.openmai.example", "localhost", "10.openmai.example"])("offers passkeys on the site %s", async (name) => {
  browser(name, { "extension:prf": true });
  expect(await passkeysOffered()).toBe(true);
});

it.each(["127.0.0.1", "203.0.113.9", "[::1]", "[2001:db8::7]"])("offers none on the address %s", async (address) => {
  browser(address, { "extension:prf": true });
  expect(await passkeysOffered()).toBe(false);
});

it("offers none where the browser says that it keeps no secrets for sites, and tries where it does not say", async () => {
  browser("talk.openmai.example", { "extension:prf": false });
  expect(await passkeysOffered()).toBe(false);
  browser("talk.openmai.example", null);
  expect(await passkeysOffered()).toBe(true);
});
