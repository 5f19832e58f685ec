import { globSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { buildExample } from "../../src/cli/demo/build-example.ts";
import { findToolchain, type Language, languageNames } from "../../src/cli/demo/toolchain.ts";

// Guests are built as the examples are, and cached beside them: once for their sources and their compiler.

export const guests = {
  "c-hello": "c",
  "c-path": "c",
  "c-crash": "c",
  "c-command": "c",
  "c-run": "c",
  "c-upload": "c",
  "c-tcp-echo": "c",
  "c-spin": "c",
  "c-regex-bomb": "c",
  "c-files": "c",
  "c-files-cgi": "c",
  "c-store": "c",
  "c-keyvalue": "c",
  "c-memory-grower": "c",
  "c-log-flood": "c",
  "c-dial": "c",
  "rust-std": "rust",
  "rust-hyper": "rust",
  "cpp-words": "cpp",
  "c-sockets": "c",
  "c-sockets-wamr": "c",
  "rust-sockets": "rust",
  "go-sockets": "go",
  "rust-command": "rust",
  "go-http": "go",
  "go-sdk": "go",
  "go-tls": "go",
  "rust-http": "rust",
  "c-http": "c",
  "c-handler": "c",
  "rust-handler": "rust",
  "assemblyscript-cgi": "assemblyscript",
  "udp-echo": "assemblyscript",
  "python-cgi": "python",
} as const satisfies Record<string, Language>;

export type GuestName = keyof typeof guests;

const here = import.meta.dirname;
const examples = join(here, "..", "..", "examples");

const httpHeader = join(here, "include", "http.h");
const sdk = join(here, "..", "..", "sdk");

// One page of memory less, and no names: what matters when a thousand of them run.
const flags: Partial<Record<GuestName, readonly string[]>> = {
  "c-hello": ["-Wl,-z,stack-size=16384,--strip-all"],
  // tokio has sockets on WASI by this flag alone; by RUSTFLAGS, the standard library would be built once more for it.
  "rust-hyper": ["-Zprofile-rustflags", "--config=profile.release.package.tokio.rustflags=['--cfg','tokio_unstable']"],
};

/** Files outside its folder that a guest is made of. */
function inputs(name: GuestName): readonly string[] {
  if (name === "go-sdk") return globSync("go/*.go", { cwd: sdk }).map((file) => join(sdk, file));
  return isExample(name) ? [] : [httpHeader];
}

function isExample(name: GuestName): boolean {
  const examples = ["go-http", "rust-http", "c-http", "c-handler", "rust-handler"];
  return [...examples, "assemblyscript-cgi", "udp-echo", "python-cgi"].includes(name);
}

/** The folder of a guest's sources, which for an example also holds its warren.toml. */
export function guestFolder(name: GuestName): string {
  return join(isExample(name) ? examples : here, name);
}

// Telling whether a compiler works takes longer than finding a module that it made before.
const built = new Map<GuestName, Promise<string>>();

/** The path of the guest's module. Fails when its toolchain is missing: ask {@link requireToolchain} first. */
export function buildGuest(name: GuestName): Promise<string> {
  let program = built.get(name);
  if (program === undefined) {
    const options = { flags: flags[name] ?? [], inputs: inputs(name) };
    program = buildExample(guestFolder(name), options).then((example) => example.program);
    built.set(name, program);
  }
  return program;
}

/**
 * True when the language's toolchain is there. Otherwise the test is skipped with the reason, or fails where
 * WARREN_TOOLCHAINS=required says that nothing may be skipped.
 */
export async function requireToolchain(t: TestContext, language: Language): Promise<boolean> {
  const toolchain = await findToolchain(language);
  if (toolchain.available) return true;
  const reason = `${languageNames[language]}: ${toolchain.reason}; ${toolchain.install}`;
  if (process.env.WARREN_TOOLCHAINS === "required") throw new Error(`a toolchain is missing: ${reason}`);
  t.skip(reason);
  return false;
}
