import { readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { version } from "../../base/version.ts";
import { isComponent } from "../../component/preamble.ts";
import { preparationVersion } from "../../engine/check/protocol.ts";
import type { Program } from "../../engine/launch.ts";
import { compileModule, ModuleProgram, outlineOf, type ProgramOutline } from "../../engine/module-program.ts";
import type { PrepareOptions } from "../../engine/prepare.ts";
import { compilePrepared, prepare } from "../../engine/program.ts";
import { privateFolder, readPrivateFile, writePrivateFile } from "../private-folder.ts";
import { programDigest } from "./program-digest.ts";

/** Raised when an outline comes to hold something else: entries of an earlier version are not looked at. */
const outlineVersion = 2;
/** All of it; the entries not used for longest go first. */
const cacheBytesMax = 512 * 1024 ** 2;
/** Used again after less than this, an entry is not marked as used once more. Milliseconds. */
const markEveryMs = 24 * 60 * 60 * 1000;
const digestCharacters = 64;

interface Prepared {
  readonly bytes: Uint8Array;
  /** Undefined for a component, of which it would save nothing worth having. */
  readonly outline: ProgramOutline | undefined;
}

/**
 * Checks, prepares and compiles a program, or takes what came of it the last time: by the digest of the program, from a folder
 * that nobody else can write to, and only if it is as it was written. Throws what `prepare` and `compilePrepared` throw.
 */
export async function compileCached(bytes: Uint8Array, options: PrepareOptions): Promise<Program> {
  const path = entryPath(bytes, options);
  let prepared = path === undefined ? undefined : readEntry(path, bytes);
  if (prepared === undefined) {
    const made = await prepare(bytes, options);
    prepared = { bytes: made, outline: isComponent(made) ? undefined : outlineOf(made) };
    if (path !== undefined) writeEntry(path, prepared, made === bytes);
  }
  const { bytes: code, outline } = prepared;
  const memoryMax = options.memoryBytesMax;
  if (outline === undefined) return compilePrepared(code, { memoryMax });
  return new ModuleProgram(await compileModule(code), memoryMax, outline);
}

function entryPath(bytes: Uint8Array, { memoryBytesMax, interruptible }: PrepareOptions): string | undefined {
  const folder = privateFolder("XDG_CACHE_HOME", ".cache", "warren", "programs");
  if (folder === undefined) return undefined;
  const how = `${version}-${preparationVersion}-${outlineVersion}-${memoryBytesMax}-${interruptible ? "interruptible" : "plain"}`;
  return join(folder, `${programDigest(bytes)}-${how}`);
}

/** The digest of the rest, the outline as a line of JSON, and the prepared module unless it is the program itself. */
function readEntry(path: string, program: Uint8Array): Prepared | undefined {
  const entry = readPrivateFile(path);
  if (entry === undefined) return undefined;
  if (Date.now() - entry.modifiedMs > markEveryMs) utimesSync(path, new Date(), new Date());
  const content = entry.bytes.subarray(digestCharacters);
  if (entry.bytes.toString("latin1", 0, digestCharacters) !== programDigest(content)) return undefined;
  const end = content.indexOf("\n");
  const outline = (JSON.parse(content.toString("utf8", 0, end)) ?? undefined) as ProgramOutline | undefined;
  const rest = content.subarray(end + 1);
  return { bytes: rest.length === 0 ? program : rest, outline };
}

/** A cache that cannot be written to is none. */
function writeEntry(path: string, { bytes, outline }: Prepared, same: boolean): void {
  const content = Buffer.concat([
    Buffer.from(`${JSON.stringify(outline ?? null)}\n`),
    same ? new Uint8Array(0) : bytes,
  ]);
  if (content.length > cacheBytesMax) return;
  try {
    makeRoom(dirname(path), content.length);
    writePrivateFile(path, Buffer.concat([Buffer.from(programDigest(content)), content]));
  } catch {
    // The next start makes it anew.
  }
}

function makeRoom(folder: string, bytes: number): void {
  const entries = readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const state = statSync(path, { throwIfNoEntry: false });
    return state === undefined ? [] : [{ path, bytes: state.size, usedAt: state.mtimeMs }];
  });
  let total = bytes + entries.reduce((sum, entry) => sum + entry.bytes, 0);
  for (const entry of entries.sort((a, b) => a.usedAt - b.usedAt)) {
    if (total <= cacheBytesMax) return;
    rmSync(entry.path, { force: true });
    total -= entry.bytes;
  }
}
