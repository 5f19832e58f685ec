import type { Toolchain } from "../toolchain.ts";
import { capture, findExecutable } from "./executable.ts";

// go 1.24 in go.mod; 1.21 was the first with GOOS=wasip1.
const minorMin = 24;
const install = `install Go 1.${minorMin} or later: https://go.dev/dl`;

export async function findGo(env: NodeJS.ProcessEnv): Promise<Toolchain> {
  const go = findExecutable("go", env);
  if (go === undefined) return { available: false, reason: "there is no go on PATH", install };
  // Without GOTOOLCHAIN=local an older Go would download the one that go.mod asks for.
  const local = { GOTOOLCHAIN: "local", GOWORK: "off", GOFLAGS: "" };
  const result = await capture(go, ["env", "GOVERSION"], { ...env, ...local });
  if ("error" in result) return { available: false, reason: `go does not run: ${result.error}`, install };
  const [, minor] = /^go1\.([0-9]+)/.exec(result.output) ?? [];
  if (minor === undefined || Number(minor) < minorMin) {
    return { available: false, reason: `${go} is ${result.output}, older than go1.${minorMin}`, install };
  }
  return {
    available: true,
    version: result.output,
    compile: ({ output, flags }) => ({
      command: go,
      args: ["build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", output, ...flags, "."],
      env: { ...local, GOOS: "wasip1", GOARCH: "wasm" },
      product: output,
    }),
  };
}
