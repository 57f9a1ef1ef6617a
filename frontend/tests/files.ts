/** Files of the repository that tests read. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const ROOT = path.join(import.meta.dirname, "..", "..");

export const readBytes = (file: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(path.join(ROOT, file)));
export const namesIn = (folder: string): string[] => readdirSync(path.join(ROOT, folder));
export const readJson = (file: string): unknown => JSON.parse(readFileSync(path.join(ROOT, file), "utf8"));

export const artifact = (name: string): Uint8Array<ArrayBuffer> => readBytes(`node_modules/@zk-kit/semaphore-artifacts/${name}`);
