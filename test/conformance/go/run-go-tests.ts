import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { goCacheFolder } from "../../../src/cli/build/go-build.ts";
import { findGoInstallation } from "../../../src/cli/build/go-installation.ts";
import { writeGoOverlay } from "../../../src/cli/build/go-overlay.ts";

export interface PackageResult {
  readonly name: string;
  readonly seconds: number;
  readonly passed: number;
  readonly skipped: number;
  /** By the test's name, subtests too, with what it said; "" for what belongs to no test, such as a package that does not compile. */
  readonly failed: ReadonlyMap<string, string>;
}

export interface GoTests {
  readonly packages: readonly string[];
  /** With Warren's sockets under package net. */
  readonly network: boolean;
  /** At a time; as many as processors when not given. */
  readonly parallel?: number;
  readonly onResult?: (result: PackageResult) => void;
}

/** `go help test`, -json; cmd/test2json. */
interface TestEvent {
  readonly Action: string;
  readonly Package?: string;
  readonly ImportPath?: string;
  readonly Test?: string;
  readonly Output?: string;
  readonly Elapsed?: number;
}

interface Counted {
  passed: number;
  skipped: number;
  readonly failed: Map<string, string>;
  readonly said: Map<string, string>;
}

const packageTimeout = "600s";

/** Compiles tests of Go's library for WASI and runs each package's by `warren run`: `go test` finds go_wasip1_wasm_exec on PATH. */
export async function runGoTests({ packages, network, parallel, onResult }: GoTests): Promise<PackageResult[]> {
  const go = await findGoInstallation(import.meta.dirname, goCacheFolder());
  const flags = ["test", "-short", "-json", `-timeout=${packageTimeout}`];
  if (parallel !== undefined) flags.push(`-p=${parallel}`);
  if (network) flags.push("-overlay", writeGoOverlay(go, goCacheFolder()));
  const child = spawn(go.command, [...flags, ...packages], {
    cwd: join(go.goroot, "src"),
    env: {
      ...process.env,
      ...go.env,
      GOOS: "wasip1",
      GOARCH: "wasm",
      GOFLAGS: "",
      PATH: [import.meta.dirname, go.env.PATH ?? process.env.PATH].join(delimiter),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  const running = new Map<string, Counted>();
  const results: PackageResult[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("{")) continue;
    const result = count(running, JSON.parse(line) as TestEvent);
    if (result === undefined) continue;
    results.push(result);
    onResult?.(result);
  }
  await closed;
  return results;
}

/** The package's result with its last event. */
function count(running: Map<string, Counted>, event: TestEvent): PackageResult | undefined {
  // A package that does not compile is named `net [net.test]`.
  const name = event.Package ?? event.ImportPath?.split(" ")[0] ?? "";
  let counted = running.get(name);
  if (counted === undefined) {
    counted = { passed: 0, skipped: 0, failed: new Map(), said: new Map() };
    running.set(name, counted);
  }
  const test = event.Test ?? "";
  switch (event.Action) {
    case "output":
    case "build-output":
      counted.said.set(test, (counted.said.get(test) ?? "") + (event.Output ?? ""));
      return undefined;
    case "pass":
      if (test !== "") counted.passed++;
      break;
    case "skip":
      if (test !== "") counted.skipped++;
      break;
    case "fail":
      // A package fails with its tests; by itself only when none of them says why.
      if (test !== "" || counted.failed.size === 0) counted.failed.set(test, counted.said.get(test) ?? "");
      break;
    default:
      return undefined;
  }
  if (test !== "") {
    counted.said.delete(test);
    return undefined;
  }
  running.delete(name);
  return {
    name,
    seconds: event.Elapsed ?? 0,
    passed: counted.passed,
    skipped: counted.skipped,
    failed: counted.failed,
  };
}
