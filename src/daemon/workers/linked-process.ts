import { randomUUID } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { errorRecord, type WarrenError } from "../../base/errors.ts";
import type { Handler } from "../../base/link.ts";
import { Link } from "../../base/link.ts";
import { connectSeqpacket, listenUnix, sendDescriptors } from "../../base/native-socket.ts";
import type { LaunchPlan } from "../../worker/protocol.ts";
import { launch } from "../wall/launch.ts";

const readyWithinMs = 20_000;
const logBytesMax = 8 * 1024 * 1024;
/** How much of its log is told when a process does not start. */
const complaintBytesMax = 2000;

export interface LinkedLaunch {
  /** The folder of its sockets, which are named for its id. */
  readonly directory: string;
  readonly id: string;
  readonly plan: LaunchPlan;
  /** Where its standard output and error go. */
  readonly logPath: string;
  /** From the sixth descriptor on. */
  readonly descriptors: readonly number[];
  /** Only tests, which run the sources, have another. */
  readonly launcher?: string;
  failed(why: string): WarrenError;
}

/**
 * Starts a process that lives on when the daemon dies, and that takes orders on a socket of its own. `join` connects to it.
 * Resolves with what that gives; `onExit` is called from then on. Rejects with why it did not start, and nothing is left of it.
 */
export async function launchLinked<T>(
  { directory, id, plan, logPath, descriptors, launcher, failed }: LinkedLaunch,
  join: (pid: number) => Promise<T | undefined>,
  onExit: (joined: T) => void,
): Promise<T> {
  const path = socketPath(directory, id);
  const control = listenUnix(`${path}.sock`, "stream");
  const lane = listenUnix(`${path}.lane`, "seqpacket");
  if (existsSync(logPath) && statSync(logPath).size > logBytesMax) truncateSync(logPath);
  // A file: a pipe to a dead daemon would break the process at its next line.
  const log = openSync(logPath, "a", 0o600);
  const logFrom = statSync(logPath).size;
  const child = launch(
    plan,
    {
      stdio: ["ignore", log, log, control, lane, ...descriptors],
      // A terminal's Ctrl-C and the end of the daemon's session do not reach it.
      detached: true,
    },
    launcher,
  );
  child.unref();
  let joined = false;
  for (const fd of [control, lane, log]) closeSync(fd);
  const complaint = () => `${complaintIn(logPath, logFrom)}; see ${logPath}`;
  const exited = new Promise<never>((_, reject) => {
    child.once("error", (cause) => reject(failed(`it could not be started: ${cause.message}`)));
    child.once("exit", (code, signal) => {
      if (!joined) reject(failed(`it ended at once (${signal ?? `exit code ${code}`})${complaint()}`));
    });
  });
  exited.catch(() => {});
  try {
    const result = await Promise.race([join(child.pid ?? 0), exited]);
    if (result === undefined) throw failed(`it did not take orders${complaint()}`);
    joined = true;
    child.once("exit", () => onExit(result));
    return result;
  } catch (error) {
    child.kill("SIGKILL");
    removeSockets(directory, id);
    throw error;
  }
}

/**
 * Connects to a process by its sockets; `accept` decides by the process id that it claims. Undefined, with its leftovers
 * removed, when it does not run.
 */
export async function connectLinked<T>(
  directory: string,
  id: string,
  handlers: Record<string, Handler>,
  accept: (link: Link, claimedPid: number) => T,
): Promise<T | undefined> {
  const path = socketPath(directory, id);
  const nonce = randomUUID();
  const lane = connectSeqpacket(`${path}.lane`);
  if (lane === undefined || !sendDescriptors(lane, [], Buffer.from(nonce))) {
    removeSockets(directory, id);
    return undefined;
  }
  const link = new Link(connect(`${path}.sock`), lane, handlers);
  const timer = setTimeout(() => link.close(), readyWithinMs);
  try {
    await link.call("lane", { nonce });
    const { pid } = await link.call<{ pid: number }>("hello");
    return accept(link, pid);
  } catch (error) {
    link.close();
    if (errorRecord(error).code !== "link.closed") throw error;
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Whether a process of an earlier daemon is the one that it says it is. We will kill it one day, and a hostile one could name
 * another; only its own command line has its id.
 */
export function claims(pid: number, id: string): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`"id":"${id}"`);
}

export function removeSockets(directory: string, id: string): void {
  const path = socketPath(directory, id);
  rmSync(`${path}.sock`, { force: true });
  rmSync(`${path}.lane`, { force: true });
}

function socketPath(directory: string, id: string): string {
  return join(directory, id);
}

/** The last thing that a process wrote to its log, as part of a sentence. */
function complaintIn(path: string, from: number): string {
  const text = readFileSync(path).toString("utf8", from, from + complaintBytesMax);
  const line = /^(?:Error|\w*Error): .*$/m.exec(text)?.[0] ?? text.trim().split("\n").at(-1) ?? "";
  return line === "" ? "" : `: ${line}`;
}
