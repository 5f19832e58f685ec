import { readFileSync } from "node:fs";
import { join } from "node:path";
import { WarrenError } from "../../base/errors.ts";
import { preview1 } from "../../wasm/kind.ts";
import { inspect } from "./core-module.ts";
import { loadTools, requireJco } from "./jco.ts";
import { type HandlerWorld, handlerWit } from "./wit.ts";

/**
 * What a compiler made as it can be deployed: the core of a component becomes one, by the jco of the project's folder; anything
 * else is returned as it is. Throws `toolchain.missing` without one, and `build.component-failed` with what it said.
 */
export async function makeComponent(bytes: Uint8Array, project: string): Promise<Uint8Array> {
  const found = inspect(bytes);
  if (found.kind !== "core") return bytes;
  const jco = requireJco(project, "making a component of what was compiled");
  const { componentEmbed, componentNew } = await loadTools(jco);
  const world: HandlerWorld = "handler";
  try {
    let core = bytes;
    if (!found.typed && found.version !== undefined) {
      const witSource = handlerWit(found.version);
      core = await componentEmbed({ binary: bytes, witSource, world, stringEncoding: "utf8" });
    }
    const adapters: [string, Uint8Array][] = [];
    if (found.adapter !== undefined)
      adapters.push([preview1, readFileSync(join(jco.folder, `lib/${preview1}.${found.adapter}.wasm`))]);
    return await componentNew(core, adapters);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new WarrenError("build.component-failed", `no component can be made of what was compiled: ${message}`, {
      cause: error,
      hint: "does it import what WASI 0.2 does not have, or with another signature?",
    });
  }
}

/** A preview-1 command as a `wasi:cli/command` component: for hosts that take components only, and for tests. */
export async function wrapCommand(program: Uint8Array, project: string): Promise<Uint8Array> {
  const jco = requireJco(project, "making a component of a program");
  const { componentNew } = await loadTools(jco);
  return componentNew(program, [[preview1, readFileSync(join(jco.folder, `lib/${preview1}.command.wasm`))]]);
}
