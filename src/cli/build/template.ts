import { cpSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { WarrenError } from "../../base/errors.ts";

const root = join(import.meta.dirname, "../../..");

/** What `warren new` starts from: a folder of this repository, called in its own files by the folder's name or as `calls`. */
interface Template {
  readonly folder: string;
  readonly calls: string;
  /** What is typed before the first build. */
  readonly install?: string;
}

export const templates: Readonly<Record<string, Template>> = {
  c: { folder: "examples/c-handler", calls: "c-handler" },
  go: { folder: "sdk/templates/go", calls: "go-server" },
  rust: { folder: "examples/rust-handler", calls: "rust-handler" },
  typescript: { folder: "examples/typescript-handler", calls: "typescript-handler", install: "npm install" },
};

/** What compiling leaves behind, and what is said of the example only. */
const left = /(^|\/)(target|node_modules|package-lock\.json|README\.md|[^/]*\.wasm)$/;
/** Where its name stands. */
const named = ["warren.toml", "Cargo.toml", "Cargo.lock", "package.json", "go.mod"];

/** A service's name that is one of a package in every language, too. */
const namePattern = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

export interface NewProject {
  readonly name: string;
  readonly folder: string;
  readonly files: readonly string[];
  readonly install: string | undefined;
}

/** Makes a project of a template in a folder that is not there yet, or empty. Throws `new.bad-name` and `new.not-empty`. */
export function createProject(templateName: string, directory: string): NewProject {
  const template = templates[templateName];
  if (template === undefined)
    throw new WarrenError("new.unknown-template", `there is no template ${JSON.stringify(templateName)}`, {
      hint: `there are: ${Object.keys(templates).join(", ")}`,
    });
  const folder = resolve(directory);
  const name = basename(folder);
  if (!namePattern.test(name))
    throw new WarrenError("new.bad-name", `${JSON.stringify(name)} cannot be the name of a service`, {
      hint: "name the folder with lower-case letters, digits and hyphens, a letter first",
    });
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new WarrenError("new.not-empty", `${folder} is not empty`, { hint: "name a folder that is not there yet" });
  const source = join(root, template.folder);
  mkdirSync(folder, { recursive: true });
  cpSync(source, folder, { recursive: true, filter: (path) => !left.test(path.slice(source.length)) });
  for (const file of named) {
    const path = join(folder, file);
    if (existsSync(path)) writeFileSync(path, readFileSync(path, "utf8").replaceAll(template.calls, name));
  }
  const entries = globSync("**/*", { cwd: folder, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return { name, folder, files: files.map((file) => file.slice(folder.length + 1)).sort(), install: template.install };
}
