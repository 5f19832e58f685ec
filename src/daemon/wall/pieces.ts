import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { systemCode } from "../../base/errors.ts";
import { bindLibc, lastErrno } from "../../base/libc.ts";
import { systemCall } from "../../base/system-call.ts";

/**
 * The user and group that workers run as when the daemon is root. One for all of them, so that files which a guest writes
 * stay its own; systemd and Debian leave this number unused.
 */
export const workerUser = 65_533;
/** The connector's: a firewall can tell what it sends from what a worker does. */
export const connectorUser = 65_532;

/** What a wall around workers is made of. */
export type PieceName = "user" | "landlock" | "seccomp";

/** Why a piece cannot be had here, and what to do; undefined when it can. */
export type Lack = { readonly reason: string; readonly advice: string } | undefined;

// dist/, or src/ in unit tests.
const codeFolder = join(import.meta.dirname, "../..");

/** What a worker must be able to read, besides the system's own libraries. */
export const codePaths: readonly string[] = [codeFolder, join(codeFolder, "../package.json")];

const landlockCreateRuleset = 444;
const LANDLOCK_CREATE_RULESET_VERSION = 1;
const EOPNOTSUPP = 95;
const ENOSYS = 38;

/** Looks at the kernel, at this process's rights and at where Warren is installed. */
export function lackingPieces(): Record<PieceName, Lack> {
  return { user: lackOfUser(), landlock: lackOfLandlock(), seccomp: lackOfSeccomp() };
}

function lackOfLandlock(): Lack {
  const version = systemCall(landlockCreateRuleset, 0, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version > 0) return undefined;
  const advice = {
    [-ENOSYS]: "Linux 5.13 has it; a container's seccomp profile may forbid it",
    [-EOPNOTSUPP]: 'name it in the kernel\'s parameter "lsm="',
  }[version];
  return {
    reason: `the kernel has no landlock (errno ${-version})`,
    advice: advice ?? "a container's seccomp profile may forbid it",
  };
}

const { prctl } = bindLibc({ prctl: { arguments: ["int32", "uint64", "uint64"], return: "int32" } });
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2n;
const EFAULT = 14;

function lackOfSeccomp(): Lack {
  if (process.arch !== "x64" && process.arch !== "arm64")
    return {
      reason: `system calls are not filtered on ${process.arch}`,
      advice: "use a machine with an x86_64 or arm64 processor",
    };
  // A filter at no address: EFAULT says that filters are known (seccomp(2)).
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 0n) < 0 && lastErrno() === EFAULT) return undefined;
  return {
    reason: "the kernel filters no system calls",
    advice: "use a kernel with CONFIG_SECCOMP_FILTER; a container's runtime may forbid it",
  };
}

/** CAP_KILL, CAP_SETGID, CAP_SETUID (linux/capability.h): to change the user, and to end a worker that is another. */
const capabilities = { CAP_KILL: 5, CAP_SETGID: 6, CAP_SETUID: 7 } as const;

function lackOfUser(): Lack {
  // Then workers share the user of the daemon: it has no rights to give up.
  if (process.geteuid?.() !== 0) return undefined;
  const held = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readText("/proc/self/status"))?.[1] ?? "0"}`);
  const without = Object.entries(capabilities).flatMap(([name, bit]) => (held & (1n << BigInt(bit)) ? [] : [name]));
  if (without.length > 0)
    return {
      reason: `root lacks ${without.join(", ")} here`,
      advice: "give them to the container, or start the daemon as an unprivileged user",
    };
  for (const map of ["/proc/self/uid_map", "/proc/self/gid_map"])
    for (const user of [workerUser, connectorUser])
      if (!maps(readText(map), user))
        return {
          reason: `the user ${user} does not exist in this user namespace (${map})`,
          advice: "map it, or start the daemon as an unprivileged user",
        };
  if (readText("/proc/self/setgroups").trim() === "deny")
    return {
      reason: "groups cannot be given up in this user namespace",
      advice: "start the daemon as an unprivileged user",
    };
  const closed = [process.execPath, ...codePaths, join(codeFolder, "worker/main.js")].flatMap(
    (path) => closedToOthers(path) ?? [],
  )[0];
  return closed === undefined
    ? undefined
    : {
        reason: `${closed} is not readable for others`,
        advice: `install Warren where every user may read it, such as /opt, or: chmod o+rX ${closed}`,
      };
}

/** The first part of the way to a file that users other than its owner may not pass, with its mode. */
export function closedToOthers(path: string): string | undefined {
  let at: string;
  try {
    at = realpathSync(path);
  } catch (error) {
    // Not there (the tests run the sources): nothing to read.
    return systemCode(error) === "ENOENT" ? undefined : path;
  }
  const parts: string[] = [];
  for (; at !== dirname(at); at = dirname(at)) parts.unshift(at);
  return parts.find((part) => {
    const state = statSync(part);
    const wanted = part !== parts.at(-1) ? 0o1 : state.isDirectory() ? 0o5 : 0o4;
    return (state.mode & wanted) !== wanted;
  });
}

/** Whether a user namespace knows an id: lines of first id inside, first id outside, count (user_namespaces(7)). */
function maps(text: string, id: number): boolean {
  return text
    .trim()
    .split("\n")
    .some((line) => {
      const [first = 0, , count = 0] = line.trim().split(/\s+/).map(Number);
      return id >= first && id < first + count;
    });
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
