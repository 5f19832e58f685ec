import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildGo } from "../../src/cli/build/go-build.ts";

/** Go programs that are compiled as `warren build` compiles them, unlike the example, which is made for a handed socket. */
export type GoGuest = "go-services" | "go-grpc" | "go-grpc-interop" | "go-loopback" | "go-gateway" | "go-signals";

const folder = mkdtempSync(join(tmpdir(), "warren-go-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const built = new Map<string, Promise<Uint8Array>>();

/** The guest's module. Go's own build cache makes the second time quick. Fails where there is no Go: ask `requireToolchain` first. */
export function buildGoGuest(name: GoGuest, env: NodeJS.ProcessEnv = {}): Promise<Uint8Array> {
  const key = `${name} ${JSON.stringify(env)}`;
  let module = built.get(key);
  if (module === undefined) {
    module = build(name, env);
    built.set(key, module);
  }
  return module;
}

async function build(name: GoGuest, env: NodeJS.ProcessEnv): Promise<Uint8Array> {
  const output = join(folder, `${name}.wasm`);
  let said = "";
  try {
    await buildGo({
      folder: join(import.meta.dirname, name),
      target: ".",
      env: { ...process.env, ...env },
      output,
      // As CI has it: what go.sum says, and nothing changed.
      flags: ["-mod=readonly", "-buildvcs=false"],
      onOutput: (text) => {
        said += text;
      },
    });
  } catch (error) {
    throw new Error(`${name} does not build: ${said}`, { cause: error });
  }
  return readFileSync(output);
}
