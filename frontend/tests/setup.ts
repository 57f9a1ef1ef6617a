/** Before all tests: a set-up of the gate as an operator makes it, shared with the Python tests and kept in build/. */
import { execFileSync } from "node:child_process";
import path from "node:path";

const ROOT = path.join(import.meta.dirname, "..", "..");
const MAKE = "from tests.factories.gate import made_gate; made_gate()";

export default function setup(): void {
  execFileSync(path.join(ROOT, ".venv", "bin", "python"), ["-c", MAKE], { cwd: ROOT, stdio: "inherit" });
}
