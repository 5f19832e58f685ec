import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The folder of a package that only a benchmark needs, installed once on a machine, without its scripts. */
export function npmPeer(name: string, version: string): string {
  const base = process.env.XDG_CACHE_HOME?.startsWith("/") ? process.env.XDG_CACHE_HOME : join(homedir(), ".cache");
  const home = join(base, "warren", "bench", `${name.replaceAll("/", "+")}-${version}`);
  const folder = join(home, "node_modules", name);
  if (existsSync(folder)) return folder;
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "package.json"), '{ "private": true }\n');
  console.error(`installing ${name} ${version}, once`);
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", `${name}@${version}`], {
    cwd: home,
    stdio: ["ignore", "ignore", "inherit"],
  });
  return folder;
}
