import { posix } from "node:path";
import { type Descriptor, filetype } from "../descriptor.ts";
import type { DescriptorTable } from "../descriptor-table.ts";
import { errno, type Result } from "../errno.ts";
import { OpenDirectory } from "../files/open-directory.ts";
import { OpenFile } from "../files/open-file.ts";
import { allRights, rights as right } from "../files/rights.ts";
import type { FileStatus } from "../files/status.ts";
import type { Begin } from "./promise.ts";
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

/** Linux' numbers: Go takes them from here. */
const flag = {
  writeOnly: 1,
  readWrite: 2,
  create: 0o100,
  exclusive: 0o200,
  truncate: 0o1000,
  append: 0o2000,
  directory: 0o200000,
};
/** `st_mode` by type, and permissions as the guest may take them to be. */
const modes = new Map<number, number>([
  [filetype.directory, 0o040755],
  [filetype.regularFile, 0o100644],
  [filetype.symbolicLink, 0o120777],
  [filetype.characterDevice, 0o020666],
  [filetype.blockDevice, 0o060660],
  [filetype.streamSocket, 0o140777],
]);
const linkBytesMax = 4096;
const listingBytes = 32 * 1024;
const codes = new Map<number, string>(Object.entries(errno).map(([name, number]) => [number, `E${name}`]));

export interface GojsFilesOptions {
  readonly table: DescriptorTable;
  readonly directory: { readonly path: string };
  readonly begin: Begin;
}

type Answer = Value | Promise<Value>;

/** `fs` as Go's package syscall calls it: each function's last argument is called with an error or a result, never before the call returns. */
export function makeFs({ table, directory, begin }: GojsFilesOptions): ScriptObject {
  // Mounts may be named from where the program is at first.
  const first = directory.path;
  /** A mount and the path beneath it. The longest name that fits wins. */
  function locate(path: Value): readonly [OpenDirectory, string] {
    const absolute = posix.resolve(directory.path, textOf(path));
    let found: readonly [OpenDirectory, string] | undefined;
    let longest = -1;
    let above = false;
    for (const [, descriptor] of table.entries()) {
      if (!(descriptor instanceof OpenDirectory) || descriptor.preopen === undefined) continue;
      const root = posix.resolve(first, descriptor.preopen);
      const beneath = posix.relative(root, absolute);
      if (absolute === "/" || root.startsWith(`${absolute}/`)) above = true;
      if (beneath === ".." || beneath.startsWith("../") || root.length <= longest) continue;
      longest = root.length;
      found = [descriptor, beneath === "" ? "." : beneath];
    }
    // What leads to a mount is there, and is not to be read: programs go on at that (esbuild looks at every folder above).
    if (found === undefined) throw failure(above ? errno.ACCES : errno.NOENT);
    return found;
  }
  function open(fd: Value): Descriptor {
    const descriptor = table.get(numberOf(fd));
    if (descriptor === undefined) throw failure(errno.BADF);
    return descriptor;
  }
  function file(fd: Value): OpenFile {
    const descriptor = open(fd);
    if (!(descriptor instanceof OpenFile)) throw failure(errno.INVAL);
    return descriptor;
  }
  /** Waits until a stream has something, or room. */
  function ready(descriptor: Descriptor, attempt: () => Result): Answer {
    const result = attempt();
    if (result !== -errno.AGAIN) return checked(result);
    return new Promise((resolve, reject) => {
      descriptor.wake = () => {
        const next = attempt();
        if (next === -errno.AGAIN) return;
        descriptor.wake = undefined;
        if (next < 0) reject(failure(-next));
        else resolve(next);
      };
    });
  }

  const calls: Record<string, (args: readonly Value[]) => Answer> = {
    open: ([path, how, _mode]) => {
      const flags = numberOf(how);
      const [mount, beneath] = locate(path);
      const writes = (flags & (flag.writeOnly | flag.readWrite)) !== 0;
      const reads = (flags & flag.writeOnly) === 0;
      const opened = mount.open(beneath, {
        follow: true,
        create: (flags & flag.create) !== 0,
        exclusive: (flags & flag.exclusive) !== 0,
        truncate: (flags & flag.truncate) !== 0,
        directory: (flags & flag.directory) !== 0,
        rights: allRights & ~(reads ? 0 : right.read) & ~(writes ? 0 : right.write),
        flags: (flags & flag.append) !== 0 ? 1 : 0,
      });
      if (typeof opened === "number") throw failure(-opened);
      if (!table.full) return checked(table.add(opened));
      opened.close();
      throw failure(errno.MFILE);
    },
    close: ([fd]) => checked(table.close(numberOf(fd))),
    read: ([fd, buffer, offset, count, position]) => {
      const descriptor = open(fd);
      const into = [part(buffer, offset, count)];
      if (typeof position === "number") return checked(file(fd).readAt(into, position));
      return ready(descriptor, () => descriptor.read(into));
    },
    write: ([fd, buffer, offset, count, position]) => {
      const descriptor = open(fd);
      const from = [part(buffer, offset, count)];
      if (typeof position === "number") return checked(file(fd).writeAt(from, position));
      return ready(descriptor, () => descriptor.write(from));
    },
    stat: ([path]) => {
      const [mount, beneath] = locate(path);
      return stats(mount.statusAt(beneath, true));
    },
    lstat: ([path]) => {
      const [mount, beneath] = locate(path);
      return stats(mount.statusAt(beneath, false));
    },
    fstat: ([fd]) => {
      const descriptor = open(fd);
      if (descriptor instanceof OpenFile || descriptor instanceof OpenDirectory) return stats(descriptor.status());
      return stats({ ...emptyStatus, type: descriptor.type });
    },
    readdir: ([path]) => {
      const [mount, beneath] = locate(path);
      const rights = right.read | right.readDirectory;
      const none = { follow: true, create: false, exclusive: false, truncate: false, flags: 0 };
      const opened = mount.open(beneath, { ...none, directory: true, rights });
      if (typeof opened === "number") throw failure(-opened);
      try {
        return opened instanceof OpenDirectory ? names(opened) : checked(-errno.NOTDIR);
      } finally {
        opened.close();
      }
    },
    readlink: ([path]) => {
      const [mount, beneath] = locate(path);
      const buffer = new Uint8Array(linkBytesMax);
      const length = checked(mount.readLink(beneath, buffer));
      return Buffer.from(buffer.subarray(0, length)).toString();
    },
    mkdir: ([path]) => {
      const [mount, beneath] = locate(path);
      return checked(mount.makeDirectory(beneath));
    },
    rmdir: ([path]) => {
      const [mount, beneath] = locate(path);
      return checked(mount.removeDirectory(beneath));
    },
    unlink: ([path]) => {
      const [mount, beneath] = locate(path);
      return checked(mount.unlink(beneath));
    },
    rename: ([from, to]) => {
      const [source, name] = locate(from);
      return checked(source.rename(name, ...locate(to)));
    },
    link: ([from, to]) => {
      const [source, name] = locate(from);
      return checked(source.link(name, false, ...locate(to)));
    },
    symlink: ([target, path]) => {
      const [mount, beneath] = locate(path);
      return checked(mount.makeSymbolicLink(textOf(target), beneath));
    },
    ftruncate: ([fd, size]) => checked(file(fd).setSize(bytesOf(size))),
    truncate: ([path, size]) => {
      const [mount, beneath] = locate(path);
      const none = { follow: true, create: false, exclusive: false, truncate: false, directory: false, flags: 0 };
      const opened = mount.open(beneath, { ...none, rights: allRights });
      if (typeof opened === "number") throw failure(-opened);
      try {
        return opened instanceof OpenFile ? checked(opened.setSize(bytesOf(size))) : checked(-errno.ISDIR);
      } finally {
        opened.close();
      }
    },
    fsync: ([fd]) => {
      file(fd);
      return 0;
    },
  };

  const fs = new ScriptObject({
    constants: new ScriptObject({
      O_RDONLY: 0,
      O_WRONLY: flag.writeOnly,
      O_RDWR: flag.readWrite,
      O_CREAT: flag.create,
      O_EXCL: flag.exclusive,
      O_TRUNC: flag.truncate,
      O_APPEND: flag.append,
      O_DIRECTORY: flag.directory,
    }),
  });
  for (const [name, call] of Object.entries(calls)) fs.set(name, asynchronous(call, begin));
  // What a guest is not given, it is told so: it asks for owners, permissions and times of access.
  for (const name of ["chmod", "fchmod", "chown", "fchown", "lchown", "utimes"])
    fs.set(
      name,
      asynchronous(() => checked(-errno.NOSYS), begin),
    );
  return fs;
}

function asynchronous(call: (args: readonly Value[]) => Answer, begin: Begin): ScriptFunction {
  return method((args) => {
    const callback = args.at(-1);
    if (!(callback instanceof ScriptFunction)) throw new ScriptError("the last argument must be a function");
    const complete = begin();
    const tell = (error: Value, result: Value) => complete(() => void callback.call(undefined, [error, result]));
    const refuse = (error: unknown) => {
      if (!(error instanceof ScriptError)) throw error;
      tell(error.value, undefined);
    };
    try {
      const answer = call(args.slice(0, -1));
      if (answer instanceof Promise) answer.then((result) => tell(null, result), refuse);
      else tell(null, answer);
    } catch (error) {
      refuse(error);
    }
    return undefined;
  });
}

const emptyStatus: FileStatus = {
  device: 0n,
  inode: 0n,
  type: filetype.unknown,
  links: 1n,
  size: 0n,
  accessed: 0n,
  modified: 0n,
  changed: 0n,
};

function stats(status: FileStatus | Result): ScriptObject {
  if (typeof status === "number") throw failure(-status);
  const { device, inode, type, links, size, accessed, modified, changed } = status;
  const ms = (nanoseconds: bigint) => Number(nanoseconds / 1_000_000n);
  return new ScriptObject({
    dev: Number(BigInt.asUintN(32, device)),
    ino: Number(BigInt.asUintN(53, inode)),
    mode: modes.get(type) ?? 0o010600,
    nlink: Number(links),
    uid: 1,
    gid: 1,
    rdev: 0,
    size: Number(size),
    blksize: 4096,
    blocks: Math.ceil(Number(size) / 512),
    atimeMs: ms(accessed),
    mtimeMs: ms(modified),
    ctimeMs: ms(changed),
    isDirectory: method(() => type === filetype.directory),
  });
}

function names(directory: OpenDirectory): ScriptArray {
  const found: Value[] = [];
  let cookie = 0n;
  for (;;) {
    const before = cookie;
    const result = directory.readEntries(cookie, listingBytes, (entry) => {
      cookie = entry.next;
      const name = Buffer.from(entry.name).toString();
      if (name !== "." && name !== "..") found.push(name);
      return true;
    });
    if (result < 0) throw failure(-result);
    if (cookie === before || result === 0) return new ScriptArray(found);
  }
}

function part(buffer: Value, offset: Value, count: Value): Uint8Array {
  if (!(buffer instanceof ScriptBytes)) throw failure(errno.INVAL);
  const start = numberOf(offset);
  return buffer.bytes.subarray(start, start + numberOf(count));
}

function bytesOf(size: Value): bigint {
  const bytes = numberOf(size);
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw failure(errno.INVAL);
  return BigInt(bytes);
}

function checked(result: Result): number {
  if (result < 0) throw failure(-result);
  return result;
}

function failure(number: number): ScriptError {
  // Go's table has no word for what WASI calls a missing capability.
  const code = number === errno.NOTCAPABLE ? "EACCES" : (codes.get(number) ?? "EIO");
  return new ScriptError(code, { code: code === "ETOOBIG" ? "E2BIG" : code === "ENOTSUP" ? "ENOSYS" : code });
}
