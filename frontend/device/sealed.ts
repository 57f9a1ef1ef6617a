/**
 * Records encrypted under a key of this device: AES-256-GCM, the key non-extractable, one key per store.
 *
 * It keeps a copied profile folder or a synced backup from being read by eye; it cannot protect from someone who runs
 * this browser profile.
 */
import { ProofError } from "../proofs/errors.ts";
import type { Database, StoreName } from "./database.ts";

export interface SealedBox {
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly data: ArrayBuffer;
}

const utf8 = new TextEncoder();

/** WebCrypto, or `no-secure-context`: browsers withhold it from plain http on other hosts than localhost. */
export function webCrypto(): SubtleCrypto {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) throw new ProofError("no-secure-context");
  return subtle;
}

/** The device's key for `store`, made on first use; of two tabs that make one at once the first to write wins. */
async function deviceKey(database: Database, store: StoreName): Promise<CryptoKey> {
  const known = await database.get<CryptoKey>("keys", store);
  if (known !== undefined) return known;
  const made = await webCrypto().generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  return (await database.change<CryptoKey>("keys", store, (old) => old ?? made))!;
}

/** Binds a box to its place, so that two boxes cannot be exchanged. */
const place = (store: StoreName, key: string): Uint8Array<ArrayBuffer> => utf8.encode(`${store}\0${key}`) as Uint8Array<ArrayBuffer>;

export async function seal(database: Database, store: StoreName, key: string, value: unknown): Promise<SealedBox> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const algorithm = { name: "AES-GCM", iv, additionalData: place(store, key) };
  const plain = utf8.encode(JSON.stringify(value));
  return { iv, data: await webCrypto().encrypt(algorithm, await deviceKey(database, store), plain) };
}

/** Throws `storage-blocked` when the device's key is gone or the box was altered. */
export async function unseal<T>(database: Database, store: StoreName, key: string, box: SealedBox): Promise<T> {
  const algorithm = { name: "AES-GCM", iv: box.iv, additionalData: place(store, key) };
  try {
    const plain = await webCrypto().decrypt(algorithm, await deviceKey(database, store), box.data);
    return JSON.parse(new TextDecoder().decode(plain)) as T;
  } catch (error) {
    if (error instanceof ProofError) throw error;
    throw new ProofError("storage-blocked", "a record could not be decrypted");
  }
}
