import { existsSync, statSync } from "node:fs";
import { dirname, normalize, resolve } from "node:path";
import { type Address, formatAddress } from "../../base/address.ts";
import { formatOutboundGrant, outboundGrant } from "../../base/outbound-grant.ts";
import type { MountSpec } from "../../wasi/files/mount.ts";
import type { Refusal } from "../../wasi/sockets/dialler.ts";
import type { Grants } from "./grants.ts";

/** What is known of a program that has failed. */
export interface Failure {
  readonly args: readonly string[];
  readonly grants: Grants;
  /** The end of what it wrote on standard error. */
  readonly lastWords: string;
  /** What of the network it was refused. */
  readonly network: readonly Refusal[];
  /** Its memory at the end, bytes. */
  readonly memoryBytes: number;
}

/** Something that it seems to have needed. */
export interface Missing {
  readonly what: string;
  readonly why: string;
  /** The option that grants it. */
  readonly flag: string;
}

const missingMax = 5;
/** Of the memory that it may have: from here on it had too little. */
const nearlyAll = 15 / 16;

/** What files that cannot be opened are told by, in C, Rust, Go, Python, Ruby and others. */
const fileTrouble =
  /no such file|not found|capabilit|permission denied|not permitted|bad file descriptor|read-only|pre-?opened|can(no|')t (open|read|access|load|create)|unable to|os error|errno|failed to/i;
/** As wasi-libc says that no directory of the program's is the beginning of a path. */
const unknownTrouble = /capabilit|pre-?opened|os error 76|errno 76/i;
const readOnlyTrouble = /read-only file system|not permitted|os error (69|63)|errno (69|63)/i;
const memoryTrouble =
  /out of memory|memory allocation|cannot allocate|can't allocate|bad_alloc|memoryerror|nomemory|memory exhausted/i;
const variableTrouble = /not (set|defined|found)|unset|undefined|missing|require|must be|needs?|environment|no value/i;

/**
 * What a failed program seems to have been refused, with the options that would grant it. Of files the host sees nothing: a
 * libc looks for a grant that covers a path by itself, and asks only then. So it goes by what the program was told to work on and
 * by what it complained of: paths that there are here and no grant covers. A program that succeeded missed nothing.
 */
export function missingGrants(failure: Failure, env: NodeJS.ProcessEnv = process.env): Missing[] {
  const all = [
    ...missingNetwork(failure),
    ...missingPaths(failure),
    ...missingVariables(failure, env),
    ...missingMemory(failure),
  ];
  const seen = new Set<string>();
  return all.filter(({ flag }) => !seen.has(flag) && seen.add(flag)).slice(0, missingMax);
}

function missingNetwork({ network }: Failure): Missing[] {
  return network.flatMap(missingConnection);
}

function missingConnection(refusal: Refusal): Missing[] {
  switch (refusal.kind) {
    case "connect":
      return [missingAddress(refusal, "tcp")];
    case "send":
      return [missingAddress(refusal, "udp")];
    case "resolve":
      return [{ what: refusal.name, why: "not granted", flag: `--net ${quoted(refusal.name)}:PORT` }];
    case "connect-unix":
      return missingUnix(refusal.path);
  }
}

/** The name of a socket without a file begins with NUL (unix(7)): no option grants one. */
function missingUnix(path: string): Missing[] {
  if (path === "" || path.includes("\0")) return [];
  // As --net reads it: a path begins with a dot or a slash, and what follows its last colon is another name for it.
  const begun = /^\.{0,2}\//.test(path);
  const text = begun && !path.includes(":") ? path : `${begun ? path : `./${path}`}:${path}`;
  return [{ what: path, why: "not granted", flag: `--net ${quoted(`unix:${text}`)}` }];
}

/** By the name that the program had the address from, where it asked for one: addresses change. */
function missingAddress({ to, name }: { to: Address; name?: string }, protocol: "tcp" | "udp"): Missing {
  const host = name ?? to.ip;
  const flag = `--net ${formatOutboundGrant(outboundGrant({ host, port: to.port, protocol }))}`;
  return { what: formatAddress({ ...to, ip: host }), why: "not granted", flag };
}

function missingPaths({ args, grants, network, lastWords }: Failure): Missing[] {
  const lines = lastWords.split("\n").filter((line) => fileTrouble.test(line));
  if (lines.length === 0 && lastWords.trim() !== "") return [];
  const complaint = lines.join("\n");
  const complained = wordsOf(complaint).filter(
    (word) => word.includes("/") || word === "." || word === ".." || args.includes(word),
  );
  // An argument that is a plain word may be the name of a file by chance: then it must have been complained of.
  const asked = args.map(argumentValue).filter((word) => word.includes("/") || word === "." || word === "..");
  const missing: Missing[] = [];
  const sockets = [
    ...network.map((refusal) => "path" in refusal && refusal.path),
    ...grants.unix.map(({ path }) => path),
  ];
  for (const path of new Set([...complained, ...asked])) {
    if (sockets.includes(path)) continue;
    const mount = covering(path, grants.mounts);
    if (mount === undefined) missing.push(...ungranted(path, args.map(argumentValue).includes(path)));
    else if ("source" in mount && mount.mode === "ro" && readOnlyTrouble.test(complaint) && complained.includes(path))
      missing.push({ what: path, why: "granted for reading only", flag: `--rw ${grantOf(mount)}` });
    else if (complained.includes(path)) missing.push(...misnamed(path, mount, complaint));
  }
  return missing;
}

/**
 * A path that a grant covers and a C library does not find in it: wasi-libc takes `./` off the names of directories that it was given, and not
 * off the paths that it looks for among them. In the working directory itself it finds both.
 */
function misnamed(path: string, { target }: MountSpec, complaint: string): Missing[] {
  if (!path.startsWith("./") || normalize(target) === "." || !unknownTrouble.test(complaint)) return [];
  if (!existsSync(path)) return [];
  return [{ what: path, why: `its C library knows it as ${normalize(path)} only`, flag: "--ro ." }];
}

/** A path that no grant covers: it is here, or was to be made here. */
function ungranted(path: string, wasAsked: boolean): Missing[] {
  if (existsSync(path) && statSync(path).isSocket()) return missingUnix(path);
  if (existsSync(path)) return [{ what: path, why: "not granted", flag: `--ro ${quoted(path)}` }];
  const parent = dirname(path);
  const makeable = wasAsked && path.includes("/") && statSync(parent, { throwIfNoEntry: false })?.isDirectory();
  return makeable ? [{ what: path, why: "not granted", flag: `--rw ${quoted(parent)}` }] : [];
}

/** The mount whose name is a beginning of the path, as libcs look for it: by text. */
function covering(path: string, mounts: readonly MountSpec[]): MountSpec | undefined {
  const plain = normalize(path);
  return mounts.findLast(({ target }) => {
    const from = normalize(target).replace(/(?<=.)\/$/, "");
    if (from === ".") return !plain.startsWith("/") && plain !== ".." && !plain.startsWith("../");
    return plain === from || plain.startsWith(from === "/" ? from : `${from}/`);
  });
}

/** As it was given: `SOURCE`, or `SOURCE:TARGET`. */
function grantOf({ source, target }: { source: string; target: string }): string {
  return quoted(resolve(target) === source ? target : `${source}:${target}`);
}

function missingVariables({ grants, lastWords }: Failure, env: NodeJS.ProcessEnv): Missing[] {
  const lines = lastWords.split("\n").filter((line) => variableTrouble.test(line));
  const names = new Set(lines.flatMap((line) => line.match(/\b[A-Z][A-Z0-9_]{2,}\b/g) ?? []));
  return [...names]
    .filter((name) => env[name] !== undefined && grants.env[name] === undefined)
    .map((name) => ({ what: name, why: "not granted", flag: `--env ${name}` }));
}

function missingMemory({ grants: { memoryMax }, lastWords, memoryBytes }: Failure): Missing[] {
  if (memoryMax === undefined) return [];
  if (!memoryTrouble.test(lastWords) && memoryBytes < memoryMax * nearlyAll) return [];
  const more = `${Math.ceil((memoryMax * 2) / 2 ** 20)}MiB`;
  return [{ what: "memory", why: `no more than ${memoryMax} bytes are granted`, flag: `--memory ${more}` }];
}

/** `--file=PATH` names a path as well as PATH does. */
function argumentValue(arg: string): string {
  return /^--?[\w-]+=(.*)$/s.exec(arg)?.[1] ?? arg;
}

/** What may be names in a message: words, without the marks around them. */
function wordsOf(text: string): string[] {
  return text
    .split(/[\s"'`\u201c\u201d\u2018\u2019()[\]{}<>,;]+/)
    .map((word) => word.replace(/:+$/, ""))
    .flatMap((word) => [word, word.replace(/\.$/, ""), ...word.split(":")])
    .filter((word) => word !== "");
}

/** For a shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
