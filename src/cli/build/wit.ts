import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../../../sdk/wit");

/** The version that the files there name. */
const written = "0.2.10";

/** Worlds of {@link handlerWit}: what a handler in C may import, and a handler whose language brings its own imports. */
export type HandlerWorld = "handler" | "fetch";

/** WASI's interfaces and the worlds of handlers as one text, in some version 0.2.x. */
export function handlerWit(version: string): string {
  const world = readFileSync(join(folder, "handler.wit"), "utf8");
  const packages = globSync("deps/*.wit", { cwd: folder })
    .sort()
    .map((file) => readFileSync(join(folder, file), "utf8").replace(/^package ([^;]+);/m, "package $1 {"))
    .map((text) => `${text}}\n`);
  const text = [world, ...packages].join("\n");
  // What is marked so is there for whoever names it; jco leaves it out otherwise, and StarlingMonkey names some.
  return text.replace(/^\s*@unstable\(.*\)$/gm, "").replaceAll(`@${written}`, `@${version}`);
}
