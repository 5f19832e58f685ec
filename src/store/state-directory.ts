import {
  accessSync,
  closeSync,
  constants,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { systemCode, WarrenError } from "../base/errors.ts";
import { bindLibc, lastErrno } from "../base/libc.ts";

// flock(2). The lock belongs to the open file description: the kernel releases it when the process ends, however it ends.
const lockExclusive = 2;
const lockNonBlocking = 4;
const errnoWouldBlock = 11;
const { flock } = bindLibc({ flock: { arguments: ["int32", "int32"], return: "int32" } });

/** The one directory that holds everything the daemon must not lose, held by one daemon at a time. */
export interface StateDirectory {
  readonly path: string;
  readonly databasePath: string;
  /** Of the key-value stores. */
  readonly storesPath: string;
  readonly blobsPath: string;
  readonly preparedPath: string;
  readonly logsPath: string;
  readonly volumesPath: string;
  readonly acmePath: string;
  /** Of the machine's own certificate authority. */
  readonly localCaPath: string;
  /** Gives the lock up. The end of the process does the same. */
  close(): void;
}

/**
 * Makes the directory if it is missing (0700) and locks it. Throws `state.not-a-directory`, `state.not-writable`,
 * `state.permissions` and `state.locked`.
 */
export function openStateDirectory(where: string): StateDirectory {
  const path = resolve(where);
  makeDirectory(path);
  checkAccess(path);
  const fd = lock(path);
  return {
    path,
    databasePath: join(path, "warren.db"),
    storesPath: join(path, "stores.db"),
    blobsPath: join(path, "blobs"),
    preparedPath: join(path, "prepared"),
    logsPath: join(path, "logs"),
    volumesPath: join(path, "volumes"),
    acmePath: join(path, "acme"),
    localCaPath: join(path, "local-ca"),
    close: () => closeSync(fd),
  };
}

function makeDirectory(path: string): void {
  try {
    makeWithParents(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST" || code === "ENOTDIR") {
      throw new WarrenError("state.not-a-directory", `the state directory ${path} is not a directory`, {
        hint: "choose another with --state DIR",
        cause: error,
      });
    }
    throw notWritable(path, code ?? String(error), error);
  }
}

/** Not Node's own `recursive`: it never returns where a file system answers ENOENT to every mkdir, as /proc does. */
function makeWithParents(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) makeWithParents(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another daemon may have been quicker; the lock decides between the two.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

function checkAccess(path: string): void {
  const { mode, uid } = statSync(path);
  const me = process.geteuid?.() ?? uid;
  if (uid !== me) {
    throw new WarrenError(
      "state.permissions",
      `the state directory ${path} belongs to user ${uid}, the daemon runs as ${me}`,
      {
        hint: `give it to the daemon: chown -R ${me} ${path}`,
      },
    );
  }
  if ((mode & 0o077) !== 0) {
    const octal = (mode & 0o777).toString(8).padStart(4, "0");
    throw new WarrenError("state.permissions", `the state directory ${path} is open to other users (mode ${octal})`, {
      hint: `close it: chmod 700 ${path}`,
    });
  }
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw notWritable(path, systemCode(error) ?? String(error), error);
  }
}

function notWritable(path: string, why: string, cause: unknown): WarrenError {
  return new WarrenError("state.not-writable", `the state directory ${path} cannot be written to: ${why}`, {
    hint: "choose another with --state DIR, or run as a user that may write there",
    cause,
  });
}

function lock(path: string): number {
  const file = join(path, "lock");
  let fd: number;
  try {
    // Node opens with O_CLOEXEC, so that no worker inherits the lock and keeps it after the daemon has died.
    fd = openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    throw notWritable(path, systemCode(error) ?? String(error), error);
  }
  if (flock(fd, lockExclusive | lockNonBlocking) !== 0) {
    const errno = lastErrno();
    closeSync(fd);
    if (errno === errnoWouldBlock) throw locked(path, file);
    throw new WarrenError(
      "state.not-writable",
      `the state directory ${path} cannot be locked: flock failed with errno ${errno}`,
      {
        hint: "put it on a local file system with --state DIR",
      },
    );
  }
  ftruncateSync(fd, 0);
  writeSync(fd, `${process.pid}\n`, 0);
  return fd;
}

function locked(path: string, file: string): WarrenError {
  // The holder writes its pid after it has the lock, so for an instant the file may still be empty.
  const pid = readFileSync(file, "utf8").trim();
  const holder = pid === "" ? "another warren" : `another warren (pid ${pid})`;
  return new WarrenError("state.locked", `the state directory ${path} is in use by ${holder}`, {
    status: 409,
    hint: "stop that one, or choose another directory with --state DIR",
  });
}
