import { existsSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { WarrenError } from "../../../base/errors.ts";
import { findJco, jcoInstall } from "../../build/jco.ts";
import type { Toolchain } from "../toolchain.ts";

const bundler = join(import.meta.dirname, `../../build/javascript/main${extname(import.meta.filename)}`);

const entries = ["index", "main", "app"].flatMap((name) =>
  ["ts", "tsx", "js", "mjs"].flatMap((suffix) => [`src/${name}.${suffix}`, `${name}.${suffix}`]),
);

/** The file that a project of TypeScript or JavaScript starts with: `main` of its package.json, or one that is called so; or undefined. */
export function scriptEntry(folder: string): string | undefined {
  const description = join(folder, "package.json");
  if (existsSync(description)) {
    const { main } = JSON.parse(readFileSync(description, "utf8")) as { main?: unknown };
    if (typeof main === "string" && existsSync(join(folder, main))) return main;
  }
  return entries.find((name) => existsSync(join(folder, name)));
}

/** TypeScript and JavaScript become a component with an engine in it, by jco. */
export async function findTypeScript(project: string = import.meta.dirname): Promise<Toolchain> {
  const jco = findJco(project);
  if (jco === undefined)
    return { available: false, reason: "the package @bytecodealliance/jco is not installed", install: jcoInstall };
  return {
    available: true,
    version: `jco ${jco.version}`,
    compile: ({ source, entry = scriptEntry(source), output }) => {
      if (entry === undefined)
        throw new WarrenError("build.no-entry", `${source} has no script to start with`, {
          hint: `name it, or put it into "main" of package.json; otherwise it is one of ${entries.slice(0, 2).join(", ")}, …`,
        });
      return {
        command: process.execPath,
        args: [bundler, join(source, entry), output, jco.folder],
        env: {},
        product: output,
      };
    },
  };
}
