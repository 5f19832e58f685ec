import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The version in the package's manifest, two folders up both from src/base and from dist/base. */
export const version: string = typeof builtVersion === "undefined" ? readVersion() : builtVersion;

/** Where it was put in when the file was made (tools/build.ts). */
declare const builtVersion: string | undefined;

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
}
