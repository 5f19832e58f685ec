import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Address } from "../../base/address.ts";
import { systemCode, WarrenError } from "../../base/errors.ts";
import { formatIp, parseIp } from "../../base/ip.ts";
import { type OutboundGrant, parseOutboundGrant } from "../../base/outbound-grant.ts";
import { parseDuration } from "../../control/duration.ts";
import { parseSize } from "../../control/size.ts";
import type { MountSpec } from "../../wasi/files/mount.ts";
import type { UnixGrant } from "../../wasi/sockets/direct-outbound.ts";
import type { GrantFlags } from "./flags.ts";

/** A directory or file of the host that a program may use, or a directory in memory. */
export type MountWords =
  | {
      /** On the host; relative to wherever the grants are resolved. */
      readonly source: string;
      /** The name the program sees: as it was typed, since libraries match the paths they are given with it as text. */
      readonly target: string;
      readonly mode: "ro" | "rw";
    }
  | { readonly target: string; readonly tmp: string };

/** A port of this machine that leads to the program's port of the same number. */
export interface ListenGrant {
  readonly protocol: "tcp" | "udp";
  readonly address: Address;
}

/** What is granted, in the words of whoever grants it. Plain data, to be kept as JSON. */
export interface GrantWords {
  readonly mounts?: readonly MountWords[];
  readonly env?: Readonly<Record<string, string>>;
  /** Variables to be passed on as they are when the program runs. */
  readonly passedEnv?: readonly string[];
  readonly outbound?: readonly OutboundGrant[];
  /** Sources relative to wherever the grants are resolved. */
  readonly unix?: readonly UnixGrant[];
  readonly listen?: readonly ListenGrant[];
  readonly memory?: string;
  readonly cpu?: number;
  readonly time?: string;
  /** The terminal's keys and screen. */
  readonly interactive?: boolean;
}

/** What a program is granted in one run. */
export interface Grants {
  /** With absolute sources. */
  readonly mounts: readonly MountSpec[];
  readonly env: Readonly<Record<string, string>>;
  readonly outbound: readonly OutboundGrant[];
  /** With absolute sources. */
  readonly unix: readonly UnixGrant[];
  readonly listen: readonly ListenGrant[];
  /** Bytes. */
  readonly memoryMax: number | undefined;
  /** Cores. */
  readonly cpu: number | undefined;
  readonly timeMs: number | undefined;
  readonly interactive: boolean;
}

/** Of the directory of `--tmp`. */
const tmpSize = "64MiB";
/** Where `--listen PORT` listens. */
const loopback = "127.0.0.1";
const coresMin = 0.01;
const coresMax = 1024;
/** A path as it must begin, so that `unix:80` is a host of that name. */
const unixText = /^unix:(?=\.{0,2}\/)/;
const variableName = /^[^=\0]+$/;

/** Reads the options that grant something, but for `--grants`. Throws `usage.invalid-argument`, `env-file.unreadable`. */
export function wordsOfFlags(flags: GrantFlags): GrantWords {
  const variables = [...(flags.envFile ?? []).flatMap(readVariables), ...(flags.env ?? []).map(parseVariable)];
  const passed = variables.filter(([, value]) => value === undefined).map(([name]) => name);
  const words: Partial<Record<keyof GrantWords, unknown>> = {
    mounts: [
      ...(flags.ro ?? []).map((text) => parsePath(text, "ro")),
      ...(flags.rw ?? []).map((text) => parsePath(text, "rw")),
      ...(flags.tmp ? [{ target: "/tmp", tmp: tmpSize }] : []),
    ],
    env: Object.fromEntries(variables.filter(([, value]) => value !== undefined)),
    passedEnv: passed,
    outbound: (flags.net ?? []).filter((text) => !unixText.test(text)).map(parseOutboundGrant),
    unix: (flags.net ?? []).filter((text) => unixText.test(text)).map(parseUnix),
    listen: (flags.listen ?? []).map(parseListen),
  };
  if (flags.memory !== undefined) words.memory = checked("--memory", flags.memory, parseSize);
  if (flags.cpu !== undefined) words.cpu = parseCores(flags.cpu);
  if (flags.time !== undefined) words.time = checked("--time", flags.time, parseDuration);
  if (flags.interactive) words.interactive = true;
  return words as GrantWords;
}

/** Several grants together: of limits and variables that are given twice the later counts. */
export function joinWords(all: readonly GrantWords[]): GrantWords {
  return {
    ...Object.assign({}, ...all),
    mounts: all.flatMap(({ mounts = [] }) => mounts),
    env: Object.assign({}, ...all.map(({ env }) => env)),
    passedEnv: all.flatMap(({ passedEnv = [] }) => passedEnv),
    outbound: all.flatMap(({ outbound = [] }) => outbound),
    unix: all.flatMap(({ unix = [] }) => unix),
    listen: all.flatMap(({ listen = [] }) => listen),
  };
}

/** What the words mean here and now. Throws `grant.no-path`, `grant.no-variable`. */
export function resolveWords(words: GrantWords, env: NodeJS.ProcessEnv = process.env): Grants {
  const passed = (words.passedEnv ?? []).map((name): [string, string] => {
    const value = env[name];
    if (value === undefined)
      throw new WarrenError("grant.no-variable", `there is no variable ${name} here to pass on`, {
        hint: `Give it a value: --env ${name}=VALUE.`,
      });
    return [name, value];
  });
  return {
    mounts: (words.mounts ?? []).map(resolveMount),
    env: { ...Object.fromEntries(passed), ...words.env },
    outbound: words.outbound ?? [],
    // It need not be there yet: whoever listens may start later.
    unix: (words.unix ?? []).map(({ path, source }) => ({ path, source: resolve(source) })),
    listen: words.listen ?? [],
    memoryMax: words.memory === undefined ? undefined : parseSize(words.memory),
    cpu: words.cpu,
    timeMs: words.time === undefined ? undefined : parseDuration(words.time),
    interactive: words.interactive ?? false,
  };
}

function resolveMount(words: MountWords): MountSpec {
  if (!("source" in words)) return { target: words.target, tmpBytesMax: parseSize(words.tmp) };
  const { source, target, mode } = words;
  const path = resolve(source);
  // The sandbox would say so too, but without the option that was typed.
  if (!existsSync(path)) throw new WarrenError("grant.no-path", `--${mode} ${source}: there is no ${path}`);
  return { source: path, target, mode };
}

function parsePath(text: string, mode: "ro" | "rw"): MountWords {
  const { source, target } = splitPath(text);
  if (source === "" || target === "") throw invalid(`--${mode}`, text, "a directory or a file, or PATH:AS");
  return { source, target, mode };
}

/** `unix:PATH` or `unix:PATH:AS`. */
function parseUnix(text: string): UnixGrant {
  const { source, target } = splitPath(text.replace(unixText, ""));
  if (target === "") throw invalid("--net", text, "unix:PATH or unix:PATH:AS");
  return { path: target, source };
}

/** `PATH` or `PATH:AS`. */
function splitPath(text: string): { source: string; target: string } {
  const colon = text.lastIndexOf(":");
  return colon > 0 ? { source: text.slice(0, colon), target: text.slice(colon + 1) } : { source: text, target: text };
}

/** `PORT` or `ADDRESS:PORT`, either with `/udp` or `/tcp` at its end. */
export function parseListen(text: string): ListenGrant {
  const [, bracketed, plain, digits, protocol] =
    /^(?:(?:\[([^\]]*)\]|([0-9.]+)):)?([0-9]{1,5})(?:\/(tcp|udp))?$/.exec(text) ?? [];
  const port = Number(digits);
  const ip = parseIp(bracketed ?? plain ?? loopback);
  if (digits === undefined || ip === undefined || port < 1 || port > 65535)
    throw invalid("--listen", text, "a port, or ADDRESS:PORT, and /udp after it for UDP");
  return { protocol: protocol === "udp" ? "udp" : "tcp", address: { ip: formatIp(ip), port } };
}

/** `K=V`, or `K` for the variable of that name. */
function parseVariable(text: string): [name: string, value: string | undefined] {
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  if (!variableName.test(name)) throw invalid("--env", text, "NAME=VALUE or NAME");
  return [name, equals < 0 ? undefined : text.slice(equals + 1)];
}

/** Lines of {@link parseVariable}, taken as they are: no quotes, no expansion. Empty ones and those with # in front do not count. */
function readVariables(file: string): [name: string, value: string | undefined][] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new WarrenError("env-file.unreadable", `cannot read ${file} (${systemCode(error) ?? String(error)})`, {
      cause: error,
    });
  }
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.startsWith("#"));
  return lines.map(parseVariable);
}

function parseCores(text: string): number {
  const cores = /^[0-9]*\.?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!(cores >= coresMin && cores <= coresMax))
    throw invalid("--cpu", text, `a number of cores from ${coresMin} to ${coresMax}`);
  return cores;
}

/** Gives the text back if it can be parsed. */
function checked(flag: string, text: string, parse: (text: string) => unknown): string {
  try {
    parse(text);
    return text;
  } catch (error) {
    throw new WarrenError("usage.invalid-argument", `${flag}: ${(error as Error).message}`);
  }
}

function invalid(flag: string, text: string, expected: string): WarrenError {
  return new WarrenError("usage.invalid-argument", `${flag} ${JSON.stringify(text)}: it must be ${expected}`);
}
