/**
 * The device's own database: IndexedDB behind promises, with its failures given names.
 *
 * Stores: `keys` non-extractable device keys · `secrets` one sealed secret per season (opened by the worker only) ·
 * `personas` who the member is in which thread · `outbox` what waits to be published · `settings` pins, the rosters accepted last,
 * the newest head of the log · `tiles` of the log.
 */
import { ProofError } from "../proofs/errors.ts";

export type StoreName = "keys" | "secrets" | "personas" | "outbox" | "settings" | "tiles";

const STORES: readonly StoreName[] = ["keys", "secrets", "personas", "outbox", "settings", "tiles"];
const NAME = "openmai";
const VERSION = 2;

function named(error: unknown): ProofError {
  const name = error instanceof DOMException ? error.name : "";
  return new ProofError(name === "QuotaExceededError" ? "storage-full" : "storage-blocked", name);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(named(request.error));
  });
}

function createStores(database: IDBDatabase): void {
  for (const name of STORES) if (!database.objectStoreNames.contains(name)) database.createObjectStore(name);
}

/** Deletes the database with all that is in it. Throws `storage-blocked` while another tab holds it open. */
export function deleteDatabase(factory: IDBFactory = globalThis.indexedDB): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = factory.deleteDatabase(NAME);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(named(request.error));
    request.onblocked = () => reject(new ProofError("storage-blocked", "another tab holds the database open"));
  });
}

/** Opens the database, or throws `storage-blocked`: private windows and strict cookie settings forbid it. */
export function openDatabase(factory: IDBFactory | undefined = globalThis.indexedDB): Promise<Database> {
  return new Promise((resolve, reject) => {
    if (factory === undefined) return reject(new ProofError("storage-blocked", "no IndexedDB"));
    try {
      const request = factory.open(NAME, VERSION);
      request.onupgradeneeded = () => createStores(request.result);
      request.onsuccess = () => resolve(new Database(request.result));
      request.onerror = () => reject(named(request.error));
      request.onblocked = () => reject(new ProofError("storage-blocked", "another tab holds an older version"));
    } catch (error) {
      reject(named(error));
    }
  });
}

export class Database {
  constructor(private readonly handle: IDBDatabase) {
    // Lets a newer version of the page upgrade the database while this tab is open.
    handle.onversionchange = () => handle.close();
  }

  close(): void {
    this.handle.close();
  }

  private open(store: StoreName, mode: IDBTransactionMode): IDBObjectStore {
    try {
      return this.handle.transaction(store, mode, { durability: "strict" }).objectStore(store);
    } catch (error) {
      throw named(error);
    }
  }

  async get<T>(store: StoreName, key: string): Promise<T | undefined> {
    return (await settled(this.open(store, "readonly").get(key))) as T | undefined;
  }

  async keys(store: StoreName): Promise<string[]> {
    return (await settled(this.open(store, "readonly").getAllKeys())) as string[];
  }

  async all<T>(store: StoreName): Promise<T[]> {
    return (await settled(this.open(store, "readonly").getAll())) as T[];
  }

  /** Resolves when the record is on disk, not merely queued. */
  async put(store: StoreName, key: string, value: unknown): Promise<void> {
    await this.change(store, key, () => value);
  }

  async delete(store: StoreName, key: string): Promise<void> {
    await this.change(store, key, () => undefined);
  }

  /**
   * Replaces a record by what `next` makes of it, in one transaction, so that two tabs cannot undo each other's work;
   * `undefined` deletes. `next` must not wait. Returns the new record.
   */
  change<T>(store: StoreName, key: string, next: (old: T | undefined) => T | undefined): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const objects = this.open(store, "readwrite");
      let result: T | undefined;
      objects.transaction.oncomplete = () => resolve(result);
      objects.transaction.onabort = () => reject(named(objects.transaction.error));
      const request = objects.get(key);
      request.onsuccess = () => {
        result = next(request.result as T | undefined);
        if (result === undefined) objects.delete(key);
        else objects.put(result, key);
      };
    });
  }
}
