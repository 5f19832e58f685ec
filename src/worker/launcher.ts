// Puts up the wall around a worker, or around the check of a program, and becomes it by execve, so that every thread stands
// behind the wall: landlock covers the calling thread only. Started by the daemon. Nothing here is asynchronous, and nobody
// reads the descriptors that it will own. See docs/decisions/0006-the-wall-around-a-worker.md.
import { constants, openSync, readFileSync } from "node:fs";
import type { LaunchPlan } from "./protocol.ts";
import { connectorCalls } from "./wall/connector-policy.ts";
import { pathRules, restrictPaths } from "./wall/landlock.ts";
import { workerCalls } from "./wall/policy.ts";
import {
  becomeUser,
  dropCapabilities,
  forbidNewPrivileges,
  keepDescriptors,
  limitResources,
  raiseOomScore,
} from "./wall/process.ts";
import { restrictSystemCalls } from "./wall/seccomp.ts";

const flags = [
  "--disable-warning=ExperimentalWarning",
  // No inspector by signal.
  "--disable-sigusr1",
  // OpenSSL ends the process where it may not read the system's file, whose place differs between builds.
  "--openssl-config=/dev/null",
];
const O_PATH = 0o10000000;

/** The C library, its loader and whatever else this very program is linked with, wherever the system keeps them. */
function linkedFiles(): string[] {
  const paths = [...readFileSync("/proc/self/maps", "utf8").matchAll(/^\S+ r.x\S* .*? (\/.*)$/gm)].map(
    ([, path]) => path as string,
  );
  return [...new Set(paths)];
}

const plan = JSON.parse(process.argv[2] as string) as LaunchPlan;
const { execPath, execve } = process;
if (execve === undefined) throw new Error("this Node has no process.execve");

// Kept open: the rule for /proc/self holds for this inode, which the kernel could otherwise drop and make anew.
const own = openSync("/proc/self", O_PATH | constants.O_RDONLY);
keepDescriptors([...plan.descriptors, own]);
limitResources();
if (plan.oomScoreAdj !== undefined) raiseOomScore(plan.oomScoreAdj);
dropCapabilities();
// Made before the user changes, since a mount may lie where only root can reach it; in force only afterwards, since Linux
// 6.12 to 6.14 lets landlock stop the signal by which the C library changes the user of every thread.
const ruleset =
  plan.paths &&
  pathRules(
    [
      ...linkedFiles().map((path) => ({ path, access: "execute" as const })),
      ...["/etc/ld.so.cache", "/dev/urandom", "/proc/self", ...plan.paths.read].map((path) => ({
        path,
        access: "read" as const,
      })),
      { path: "/dev/null", access: "write" as const },
      ...plan.paths.mounts.map(({ source, mode }) => ({
        path: source,
        access: mode === "rw" ? ("write" as const) : ("read" as const),
      })),
    ],
    { connectsTcp: plan.network === true },
  );
if (plan.user !== undefined) becomeUser(plan.user);
forbidNewPrivileges();
if (ruleset !== undefined) restrictPaths(ruleset);
if (plan.seccomp) restrictSystemCalls(plan.network === true ? connectorCalls : workerCalls);
execve(execPath, [execPath, ...flags, ...(plan.flags ?? []), plan.entry, JSON.stringify(plan.args)], {});
