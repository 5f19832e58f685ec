import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Digest } from "../../base/digest.ts";
import { systemCode, WarrenError } from "../../base/errors.ts";
import { specOf as manifestSpec, parseManifest } from "../../control/manifest.ts";
import type { Manifest } from "../../control/manifest-schema.ts";
import type { ServiceSpec } from "../../control/service.ts";

const manifestName = "warren.toml";

/** What is to be deployed. */
export interface Deployment {
  /** Absolute path of the program; undefined where none is needed. */
  readonly program: string | undefined;
  /** Of a bare program, what its file's name says. */
  readonly manifest: Manifest;
  /** Absolute path of the folder that the manifest's paths start from. */
  readonly directory: string;
}

/**
 * Finds what `warren deploy TARGET` means: a folder with a manifest (or with one program), a manifest, or a program,
 * whose manifest is the warren.toml beside it if that names it. Throws `deploy.nothing`, `deploy.unreadable`, `manifest.*`.
 */
export function findDeployment(target: string): Deployment {
  const path = resolve(target);
  if (isFolder(path, target)) {
    const manifest = join(path, manifestName);
    return exists(manifest) ? fromManifest(manifest) : fromProgram(onlyProgram(path, target));
  }
  if (path.endsWith(".toml")) return fromManifest(path);
  const beside = join(dirname(path), manifestName);
  if (exists(beside)) {
    const deployment = fromManifest(beside);
    const { program } = deployment;
    if (program !== undefined && exists(program) && realpathSync(program) === realpathSync(path)) return deployment;
  }
  return fromProgram(path);
}

export function specOf({ manifest, directory }: Deployment, digest: Digest | undefined): ServiceSpec {
  return manifestSpec(manifest, { directory, digest });
}

/** A service's name for a program's file: `My_Shop.v2.wasm` → `my-shop-v2`. Throws `deploy.no-name`. */
export function nameFromFile(path: string): string {
  const name = basename(path)
    .replace(/\.wasm$/i, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
  if (name === "") {
    throw new WarrenError("deploy.no-name", `no service name can be made from the file name "${basename(path)}"`, {
      hint: "give it one with --name",
    });
  }
  return name;
}

function fromProgram(program: string): Deployment {
  return { program, manifest: { name: nameFromFile(program), program }, directory: dirname(program) };
}

function fromManifest(path: string): Deployment {
  const directory = dirname(path);
  const near = relative(process.cwd(), path);
  const manifest = parseManifest(readText(path), { file: near.startsWith("..") ? path : near });
  const program = manifest.program === undefined ? undefined : resolve(directory, manifest.program);
  return { program, manifest, directory };
}

function onlyProgram(folder: string, target: string): string {
  const programs = readdirSync(folder).filter((name) => name.endsWith(".wasm"));
  const [program] = programs;
  if (program !== undefined && programs.length === 1) return join(folder, program);
  const found = programs.length === 0 ? "no .wasm file" : `${programs.length} .wasm files`;
  throw new WarrenError("deploy.nothing", `${target} holds no ${manifestName}, and ${found}`, {
    hint: `name the program (warren deploy FILE.wasm), or write a ${manifestName}`,
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw unreadable(path, error);
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function isFolder(path: string, target: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw unreadable(target, error);
  }
}

function unreadable(path: string, error: unknown): WarrenError {
  const code = systemCode(error);
  if (code === "ENOENT") return new WarrenError("deploy.nothing", `there is no ${path}`, { cause: error });
  return new WarrenError("deploy.unreadable", `cannot read ${path} (${code ?? String(error)})`, { cause: error });
}
