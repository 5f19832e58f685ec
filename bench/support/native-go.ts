import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProcess } from "./peer-process.ts";
import { freePort, untilConnects } from "./ports.ts";
import type { Scope } from "./scope.ts";

const source = join(import.meta.dirname, "../../examples/go-http");

/** The example's Go server, built for this machine and running on it. */
export async function startNativeGo(scope: Scope, go: string): Promise<{ pid: number; port: number }> {
  const folder = mkdtempSync(join(tmpdir(), "warren-bench-go-"));
  scope.after(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, "go-http");
  execFileSync(go, ["build", "-o", program, "."], { cwd: source, stdio: "inherit" });
  const port = await freePort();
  const child = startProcess(scope, program, [], { ADDR: `127.0.0.1:${port}` });
  await untilConnects(port);
  return { pid: child.pid!, port };
}
