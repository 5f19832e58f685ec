import { posix } from "node:path";
import type { RandomSource } from "../random.ts";
import {
  method,
  numberOf,
  ScriptArray,
  ScriptBytes,
  ScriptError,
  ScriptFunction,
  ScriptObject,
  textOf,
  type Value,
} from "./value.ts";

/** The longest array or bytes that a program may make outside of its own memory. */
const itemsMax = 64 * 1024 * 1024;
/** Of one call (https://w3c.github.io/webcrypto, getRandomValues): more is an error there. */
const randomBytesMax = 65_536;

export interface GlobalsOptions {
  readonly fs: ScriptObject;
  /** `fetch` and what belongs to it. */
  readonly network: Readonly<Record<string, Value>>;
  readonly random: RandomSource;
  /** Where the program is; `chdir` changes it. */
  readonly directory: { path: string };
  /** Minutes that local time is behind UTC. */
  readonly timezoneOffset: number;
}

/** `globalThis` of a Go program: what Go's own library asks for, and nothing that leads further. */
export function makeGlobals({ fs, network, random, directory, timezoneOffset }: GlobalsOptions): ScriptObject {
  const object = new ScriptFunction(
    () => new ScriptObject(),
    () => new ScriptObject(),
    (value) => value instanceof ScriptObject,
  );
  const array = new ScriptFunction(
    (_self, args) => new ScriptArray([...args]),
    (args) => new ScriptArray(Array.from({ length: lengthOf(args[0]) }, () => undefined)),
    (value) => value instanceof ScriptArray,
  );
  const bytes = new ScriptFunction(
    () => {
      throw new ScriptError("Uint8Array needs new");
    },
    (args) => new ScriptBytes(new Uint8Array(lengthOf(args[0]))),
    (value) => value instanceof ScriptBytes,
  );
  const error = (args: readonly Value[]) => new ScriptError(args[0] === undefined ? "" : textOf(args[0])).value;
  const date = new ScriptFunction(
    () => "",
    () => new ScriptObject({ getTimezoneOffset: method(() => timezoneOffset), getTime: method(() => Date.now()) }),
  );
  const one = method(() => 1);
  const process = new ScriptObject({
    // Package net/http uses `fetch` unless this says node.
    argv0: "warren",
    pid: 3,
    ppid: 2,
    getuid: one,
    getgid: one,
    geteuid: one,
    getegid: one,
    umask: method(() => 0o22),
    cwd: method(() => directory.path),
    chdir: method((args) => {
      directory.path = posix.resolve(directory.path, textOf(args[0]));
      return undefined;
    }),
  });
  // Go before 1.24 takes its random numbers here (crypto/rand/rand_js.go).
  const crypto = new ScriptObject({
    getRandomValues: method(([into]) => {
      if (!(into instanceof ScriptBytes)) throw new ScriptError("getRandomValues takes a Uint8Array");
      if (into.bytes.length > randomBytesMax) throw new ScriptError(`${randomBytesMax} bytes at a time, not more`);
      random(into.bytes);
      return into;
    }),
  });
  const performance = new ScriptObject({ now: method(() => globalThis.performance.now()) });
  const path = new ScriptObject({
    resolve: method((args) => posix.resolve(directory.path, ...args.map(textOf))),
  });
  const own = { Object: object, Array: array, Uint8Array: bytes, Date: date, crypto, performance, process, path, fs };
  const global = new ScriptObject({ ...own, ...network });
  global.set("Error", new ScriptFunction((_self, args) => error(args), error));
  global.set("globalThis", global);
  return global;
}

function lengthOf(value: Value): number {
  const length = numberOf(value ?? 0);
  if (!Number.isInteger(length) || length < 0 || length > itemsMax) throw new ScriptError("invalid array length");
  return length;
}
