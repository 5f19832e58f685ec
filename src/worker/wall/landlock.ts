import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { systemCode } from "../../base/errors.ts";
import { pointerTo } from "../../base/libc.ts";
import { systemCall } from "../../base/system-call.ts";
import { must } from "./system.ts";

// The same numbers on every architecture.
const landlockCreateRuleset = 444;
const landlockAddRule = 445;
const landlockRestrictSelf = 446;
const LANDLOCK_CREATE_RULESET_VERSION = 1;
const LANDLOCK_RULE_PATH_BENEATH = 1;
const O_PATH = 0o10000000;

/** LANDLOCK_ACCESS_FS_* by bit (linux/landlock.h), with the ABI that brought it where that is not the first. */
const bit = {
  execute: 0,
  writeFile: 1,
  readFile: 2,
  readDir: 3,
  removeDir: 4,
  removeFile: 5,
  makeChar: 6,
  makeDir: 7,
  makeReg: 8,
  makeSock: 9,
  makeFifo: 10,
  makeBlock: 11,
  makeSym: 12,
  /** ABI 2. Without it nothing can be linked or renamed into another directory. */
  refer: 13,
  /** ABI 3 */
  truncate: 14,
  /** ABI 5 */
  ioctlDev: 15,
} as const;
type Right = keyof typeof bit;

const bits = (rights: readonly Right[]): bigint => rights.reduce((all, right) => all | (1n << BigInt(bit[right])), 0n);

/** What a rule on a file, not a directory, may name. */
const ofFiles = bits(["execute", "writeFile", "readFile", "truncate", "ioctlDev"]);

const access = {
  read: bits(["readFile", "readDir"]),
  execute: bits(["readFile", "readDir", "execute"]),
  // Neither devices nor sockets nor FIFOs: WASI makes none.
  write: bits([
    "readFile",
    "readDir",
    "writeFile",
    "truncate",
    "removeDir",
    "removeFile",
    "makeDir",
    "makeReg",
    "makeSym",
    "refer",
  ]),
} as const;

export interface PathRule {
  readonly path: string;
  readonly access: keyof typeof access;
}

/**
 * Makes the rules, as a descriptor for {@link restrictPaths}: these paths, no TCP port (none to listen on, when it connects),
 * and the signals and abstract sockets of its own kind. What the kernel's version does not know goes without. A path that
 * does not exist gets no rule.
 */
export function pathRules(rules: readonly PathRule[], { connectsTcp }: { connectsTcp: boolean }): number {
  const version = must("landlock", systemCall(landlockCreateRuleset, 0, 0, LANDLOCK_CREATE_RULESET_VERSION));
  const rightsCount = version >= 5 ? 16 : version >= 3 ? 15 : version >= 2 ? 14 : 13;
  const handled = (1n << BigInt(rightsCount)) - 1n;
  // struct landlock_ruleset_attr: file rights; TCP bind and connect (ABI 4); abstract sockets and signals (ABI 6).
  const attributes = new BigUint64Array([handled, version >= 4 ? (connectsTcp ? 1n : 3n) : 0n, version >= 6 ? 3n : 0n]);
  const ruleset = must(
    "landlock_create_ruleset",
    systemCall(landlockCreateRuleset, pointerTo(attributes), attributes.byteLength, 0),
  );
  for (const rule of rules) addRule(ruleset, rule, handled);
  return ruleset;
}

/** Confines the calling thread, and what it becomes by execve, for good. The process must have no_new_privs set. */
export function restrictPaths(ruleset: number): void {
  must("landlock_restrict_self", systemCall(landlockRestrictSelf, ruleset, 0));
  closeSync(ruleset);
}

function addRule(ruleset: number, rule: PathRule, handled: bigint): void {
  let fd: number;
  try {
    fd = openSync(rule.path, O_PATH | constants.O_RDONLY);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return;
    throw error;
  }
  // struct landlock_path_beneath_attr, packed.
  const beneath = Buffer.alloc(12);
  const rights = access[rule.access] & handled;
  beneath.writeBigUInt64LE(fstatSync(fd).isDirectory() ? rights : rights & ofFiles, 0);
  beneath.writeInt32LE(fd, 8);
  must(
    `landlock_add_rule ${rule.path}`,
    systemCall(landlockAddRule, ruleset, LANDLOCK_RULE_PATH_BENEATH, pointerTo(beneath), 0),
  );
  closeSync(fd);
}
