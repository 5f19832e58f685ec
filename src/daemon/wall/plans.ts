import { join } from "node:path";
import { type CheckArguments, preparedFd, programFd } from "../../engine/check/protocol.ts";
import {
  controlFd,
  type LaunchPlan,
  laneFd,
  type MountedPath,
  type ProcessArguments,
  pulseFd,
  type WallArguments,
  type WorkerArguments,
} from "../../worker/protocol.ts";
import { codePaths } from "./pieces.ts";
import { connectorWall, type Wall } from "./wall.ts";

// It holds little, and is there beside all else.
const connectorFlags = ["--max-old-space-size=64", "--max-semi-space-size=1"];

/** The kernel takes a check before a worker, a worker before the connector, and that before the daemon: proc(5), oom_score_adj. */
const oomScores = { check: 1000, worker: 700, connector: 300 } as const;

const codeFolder = join(import.meta.dirname, "../../worker");

// For a single run of the rewriter V8's slow compiler uses more of the processor than its code saves. Of WebAssembly it
// compiles what it is asked to all the same.
const checkFlags = ["--no-turbofan"];

/** What the launcher is to do for one worker, which may give these directories to guests. */
export function workerPlan(
  wall: Wall,
  { id, version, memoryBytesMax, proxies }: Pick<WorkerArguments, "id" | "version" | "memoryBytesMax" | "proxies">,
  mounts: readonly MountedPath[],
): LaunchPlan {
  const args: WorkerArguments = {
    id,
    version,
    memoryBytesMax,
    ...(proxies === undefined ? {} : { proxies }),
    ...wallArguments(wall),
  };
  return {
    entry: join(codeFolder, "main.js"),
    args,
    ...enclosure(wall, [controlFd, laneFd, pulseFd], mounts),
    oomScoreAdj: oomScores.worker,
  };
}

/** What it is to do for the connector, which reads no file but its code. */
export function connectorPlan(wall: Wall, { id, version }: Pick<ProcessArguments, "id" | "version">): LaunchPlan {
  const args: ProcessArguments = { id, version, ...wallArguments(wall) };
  return {
    entry: join(codeFolder, "connector/main.js"),
    args,
    ...enclosure(connectorWall(wall), [controlFd, laneFd], []),
    network: true,
    oomScoreAdj: oomScores.connector,
    flags: connectorFlags,
  };
}

/** What it is to do for a process that checks one program, which has nothing but two files. */
export function checkPlan(wall: Wall, limits: CheckArguments): LaunchPlan {
  const args: CheckArguments & WallArguments = { ...limits, ...wallArguments(wall) };
  return {
    entry: join(codeFolder, "check.js"),
    args,
    ...enclosure(wall, [programFd, preparedFd], []),
    oomScoreAdj: oomScores.check,
    flags: checkFlags,
  };
}

function wallArguments(wall: Wall): WallArguments {
  return { seal: wall.state.seccomp, hide: wall.user !== undefined };
}

function enclosure(
  wall: Wall,
  descriptors: readonly number[],
  mounts: readonly MountedPath[],
): Omit<LaunchPlan, "entry" | "args"> {
  return {
    descriptors,
    seccomp: wall.state.seccomp,
    ...(wall.user === undefined ? {} : { user: wall.user }),
    ...(wall.state.landlock ? { paths: { read: codePaths, mounts } } : {}),
  };
}
