import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, type TomlTable } from "smol-toml";
import { systemCode } from "../../../base/errors.ts";

/** What a Cargo.toml says about its product. */
export interface CargoPackage {
  readonly kind: "program" | "library";
  /** The name of the product's file, without its suffix. */
  readonly product: string;
  /** It is made for the component model: a library that is linked, or with a crate that binds WASI 0.2. */
  readonly component: boolean;
}

/** Crates of which a component comes; `wasi` from 0.12 on. */
const bindings = ["wstd", "wasip2", "wasi", "wit-bindgen", "wit-bindgen-rt", "waki", "spin-sdk"];

/** Undefined where the folder has no Cargo.toml, or one that describes no package. Throws what parsing it throws. */
export function readCargoPackage(folder: string): CargoPackage | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, "Cargo.toml"), "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
  const manifest = parse(text);
  const name = string(table(manifest.package).name);
  if (name === undefined) return undefined;
  const library = table(manifest.lib);
  const dependencies = table(manifest.dependencies);
  if (Array.isArray(library["crate-type"]) && library["crate-type"].includes("cdylib"))
    return { kind: "library", product: string(library.name) ?? name.replaceAll("-", "_"), component: true };
  const [program] = Array.isArray(manifest.bin) ? manifest.bin : [];
  return {
    kind: "program",
    product: string(table(program).name) ?? name,
    component: bindings.some((crate) => crate in dependencies && !isPreview1(crate, dependencies[crate])),
  };
}

function isPreview1(crate: string, dependency: unknown): boolean {
  const version = string(dependency) ?? string(table(dependency).version) ?? "";
  return crate === "wasi" && /^[^0-9]*0\.(?:[0-9]|1[01])(?:\.|$)/.test(version);
}

function table(value: unknown): TomlTable {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as TomlTable) : {};
}

function string(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
