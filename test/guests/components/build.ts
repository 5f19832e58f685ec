import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { digestOf } from "../../../src/base/digest.ts";
import { findJco } from "../../../src/cli/build/jco.ts";
import { wrapCommand } from "../../../src/cli/build/make-component.ts";
import { buildExample, cacheFolder } from "../../../src/cli/demo/build-example.ts";
import type { Language } from "../../../src/cli/demo/toolchain.ts";
import { buildGuest, type GuestName, requireToolchain } from "../build.ts";
import { buildPython, findPython } from "./python.ts";

// Components, each built once for its sources and tools, and kept beside the other guests.

const here = import.meta.dirname;
const examples = join(here, "../../../examples");

/** Handlers, and one program that listens on `wasi:sockets`: compiled from a folder. */
const compiled = {
  "c-handler": "c",
  "rust-handler": "rust",
  "typescript-handler": "typescript",
  "c-wit-bindgen": "c",
  "rust-wasi": "rust",
  "rust-tcp-echo": "rust",
} as const satisfies Record<string, Language>;

/** Programs of preview 1 that an adapter makes commands of WASI 0.2, as `jco new --wasi-command` does. */
const wrapped = {
  "c-command-component": "c-command",
  "rust-command-component": "rust-command",
} as const satisfies Record<string, GuestName>;

const wrappedLanguage: Readonly<Record<keyof typeof wrapped, Language>> = {
  "c-command-component": "c",
  "rust-command-component": "rust",
};

export type ComponentName = keyof typeof compiled | keyof typeof wrapped | "python-handler";

export const components: readonly ComponentName[] = [
  ...(Object.keys(compiled) as (keyof typeof compiled)[]),
  ...(Object.keys(wrapped) as (keyof typeof wrapped)[]),
  "python-handler",
];

/** The folder of an example's or a guest's sources. */
export function componentFolder(name: keyof typeof compiled): string {
  return join(name.endsWith("-handler") ? examples : here, name);
}

const built = new Map<ComponentName, Promise<string>>();

/** The path of a component. Fails when its tools are missing: ask {@link requireComponent} first. */
export function buildComponent(name: ComponentName): Promise<string> {
  let program = built.get(name);
  if (program === undefined) {
    program = build(name);
    built.set(name, program);
  }
  return program;
}

/** As `requireToolchain`, for all that a component is built with. */
export async function requireComponent(t: TestContext, name: ComponentName): Promise<boolean> {
  if (name === "python-handler") {
    const python = await findPython();
    if (python.available) return true;
    if (process.env.WARREN_TOOLCHAINS === "required") throw new Error(`a toolchain is missing: ${python.reason}`);
    t.skip(python.reason);
    return false;
  }
  return requireToolchain(t, isWrapped(name) ? wrappedLanguage[name] : compiled[name]);
}

async function build(name: ComponentName): Promise<string> {
  if (name === "python-handler") return buildPython(join(here, name));
  if (!isWrapped(name)) return (await buildExample(componentFolder(name))).program;
  const program = await readFile(await buildGuest(wrapped[name]));
  const key = digestOf(Buffer.from(`${digestOf(program)} ${findJco(here)?.version}`)).slice(-16);
  return keep(`${name}-${key}`, () => wrapCommand(program, here));
}

/** A file of the cache that is made when it is not there, and appears whole. */
async function keep(name: string, make: () => Promise<Uint8Array>): Promise<string> {
  const folder = cacheFolder();
  const path = join(folder, `${name}.wasm`);
  if (existsSync(path)) return path;
  await mkdir(folder, { recursive: true });
  const unfinished = join(folder, `.${name}-${randomUUID()}.wasm`);
  try {
    await writeFile(unfinished, await make());
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
  return path;
}

function isWrapped(name: ComponentName): name is keyof typeof wrapped {
  return name in wrapped;
}
