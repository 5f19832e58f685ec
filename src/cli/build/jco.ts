import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { WarrenError } from "../../base/errors.ts";
import { findPackage } from "../demo/toolchains/npm-package.ts";

const name = "@bytecodealliance/jco";
export const jcoInstall = `npm install --save-dev ${name}`;

/** An installed jco: the tools that make components, and JavaScript's engine for them. */
export interface Jco {
  readonly folder: string;
  readonly version: string;
}

/** The jco that a project has installed, or else the one beside Warren. */
export function findJco(project: string): Jco | undefined {
  return findPackage(name, project) ?? findPackage(name);
}

/** As {@link findJco}; throws `toolchain.missing` with what needs it. */
export function requireJco(project: string, what: string): Jco {
  const jco = findJco(project);
  if (jco !== undefined) return jco;
  throw new WarrenError("toolchain.missing", `${what} needs the npm package ${name}, and ${project} has none`, {
    hint: `${jcoInstall} in the project's folder`,
  });
}

/** The functions of jco that are used here; they take some 70 ms to load. */
export interface ComponentTools {
  componentEmbed(options: {
    binary: Uint8Array;
    witSource: string;
    world: string;
    stringEncoding: "utf8";
  }): Promise<Uint8Array>;
  componentNew(core: Uint8Array, adapters: readonly (readonly [string, Uint8Array])[]): Promise<Uint8Array>;
}

export async function loadTools({ folder }: Jco): Promise<ComponentTools> {
  return (await importOf(folder, "@bytecodealliance/jco-transpile", "dist/wasm-tools.js")) as ComponentTools;
}

/** Imports a file of a package that another one has installed. */
export async function importOf(from: string, name: string, file: string): Promise<unknown> {
  const found = findPackage(name, from);
  if (found === undefined)
    throw new WarrenError("toolchain.missing", `${from} does not find its own package ${name}`, {
      hint: `install it again: ${jcoInstall}`,
    });
  return import(pathToFileURL(join(found.folder, file)).href);
}
