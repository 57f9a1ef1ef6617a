import path from "node:path";
import { defineConfig } from "vitest/config";

const modules = path.join(import.meta.dirname, "..", "node_modules");

export default defineConfig({
  resolve: { alias: { "circomlibjs/poseidon": path.join(modules, "circomlibjs", "src", "poseidon_wasm.js") } },
  test: { include: ["tests/**/*.test.ts"], globalSetup: ["tests/setup.ts"], testTimeout: 120_000, hookTimeout: 120_000 },
});
