import { fdflags } from "../../descriptor.ts";
import { errno, type Result } from "../../errno.ts";
import { synchronize, transferFile } from "../../file-transfer.ts";
import { OpenDirectory } from "../../files/open-directory.ts";
import { OpenFile } from "../../files/open-file.ts";
import { rights as right } from "../../files/rights.ts";
import type { FileStatus } from "../../files/status.ts";
import type { P2Host } from "../host.ts";
import { done, ok, type WitResult } from "../result.ts";
import { SharedDescriptor } from "../shared-descriptor.ts";
import { type DescriptorStat, descriptorStat, type NewTimestamp, newTime } from "./descriptor-stat.ts";
import { DirectoryEntryStream } from "./directory-entry-stream.ts";
import { type FileFailure, failure } from "./error-code.ts";
import { FileInputStream } from "./file-input-stream.ts";
import { FileOutputStream } from "./file-output-stream.ts";
import { type MetadataHash, metadataHash } from "./metadata-hash.ts";

/** What one read gives at most; it is copied into the guest's memory. */
const readBytesMax = 1024n * 1024n;
/** Of a link's text (PATH_MAX of Linux). */
const linkBytesMax = 4096;
/** What the kernels' times hold: as in preview 1, nanoseconds in 64 bits. */
const nanosecondsMax = (1n << 64n) - 1n;

/** Bits of `descriptor-flags`, `open-flags` and `path-flags`. */
const flag = { read: 1, write: 2, fileSync: 4, dataSync: 8, readSync: 16, mutateDirectory: 32 } as const;
const openFlag = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;
const followFlag = 1;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

type Outcome<T> = WitResult<T, string>;
type Done = Outcome<undefined>;

/** `wasi:filesystem/types.descriptor` */
export class FileDescriptor {
  readonly #host: P2Host;
  readonly #shared: SharedDescriptor<OpenFile | OpenDirectory>;

  /** Takes a use of the descriptor over. */
  constructor(host: P2Host, shared: SharedDescriptor<OpenFile | OpenDirectory>) {
    host.resources.add();
    this.#host = host;
    this.#shared = shared;
  }

  readViaStream(offset: bigint): Outcome<FileInputStream> {
    const file = this.#file();
    if (typeof file === "number") return failure(-errno.ISDIR);
    if ((file.rights & right.read) === 0) return failure(-errno.BADF);
    const position = positionOf(offset);
    if (position < 0) return failure(position);
    return ok(new FileInputStream(this.#host, this.#shared.share() as SharedDescriptor<OpenFile>, position));
  }

  writeViaStream(offset: bigint): Outcome<FileOutputStream> {
    const position = positionOf(offset);
    return position < 0 ? failure(position) : this.#writeFrom(position);
  }

  appendViaStream(): Outcome<FileOutputStream> {
    return this.#writeFrom("end");
  }

  advise(offset: bigint, length: bigint, advice: number): Done {
    const file = this.#file();
    if (typeof file === "number") return failure(file);
    return settle(file.advise(BigInt.asIntN(64, offset), BigInt.asIntN(64, length), advice));
  }

  synchronize(what: "all" | "data"): Done | Promise<Done> {
    const given = synchronize(this.#host, this.#shared.descriptor, what);
    return typeof given === "number" ? settle(-given) : given.then((error) => settle(-error));
  }

  getFlags(): Outcome<number> {
    const { descriptor } = this.#shared;
    if (descriptor instanceof OpenDirectory) {
      return ok(flag.read | (descriptor.mount.readOnly ? 0 : flag.mutateDirectory));
    }
    const { rights, flags } = descriptor;
    return ok(
      ((rights & right.read) !== 0 ? flag.read : 0) |
        ((rights & right.write) !== 0 ? flag.write : 0) |
        ((flags & fdflags.sync) !== 0 ? flag.fileSync : 0) |
        ((flags & fdflags.dsync) !== 0 ? flag.dataSync : 0) |
        ((flags & fdflags.rsync) !== 0 ? flag.readSync : 0),
    );
  }

  /** A device that was opened is told apart from a file by its status. */
  getType(): Outcome<string> {
    const stat = this.stat();
    return stat.tag === "ok" ? ok(stat.val.type) : stat;
  }

  setSize(size: bigint): Done {
    const file = this.#file();
    if (typeof file === "number") return failure(file);
    // One that is not open for writing, as ftruncate(2) has it.
    if ((file.rights & right.setSize) === 0) return failure(-errno.INVAL);
    return settle(file.setSize(BigInt.asIntN(64, size)));
  }

  setTimes(accessed: NewTimestamp, modified: NewTimestamp): Done {
    const times = [newTime(accessed), newTime(modified)] as const;
    if (times.some(isTooLate)) return failure(-errno.OVERFLOW);
    return settle(this.#shared.descriptor.setTimes(...times));
  }

  read(length: bigint, offset: bigint): Outcome<[Uint8Array, boolean]> | Promise<Outcome<[Uint8Array, boolean]>> {
    const file = this.#file();
    if (typeof file === "number") return failure(file);
    const position = positionOf(offset);
    if (position < 0) return failure(position);
    const buffer = Buffer.allocUnsafe(Number(length < readBytesMax ? length : readBytesMax));
    const transfer = { file, direction: "read", buffers: () => [buffer], position } as const;
    return mapped(transferFile(this.#host, transfer, identity), (count) =>
      // Asked for nothing, the end cannot be told.
      count < 0 ? failure(count) : ok([buffer.subarray(0, count), count === 0 && buffer.length > 0]),
    );
  }

  write(contents: Uint8Array, offset: bigint): Outcome<bigint> | Promise<Outcome<bigint>> {
    const file = this.#file();
    if (typeof file === "number") return failure(file);
    const position = positionOf(offset);
    if (position < 0) return failure(position);
    const transfer = { file, direction: "write", buffers: () => [contents], position } as const;
    return mapped(transferFile(this.#host, transfer, identity), (count) =>
      count < 0 ? failure(count) : ok(BigInt(count)),
    );
  }

  readDirectory(): Outcome<DirectoryEntryStream> {
    const directory = this.#directory();
    if (typeof directory === "number") return failure(directory);
    return ok(new DirectoryEntryStream(this.#host, this.#shared.share() as SharedDescriptor<OpenDirectory>));
  }

  createDirectoryAt(path: string): Done {
    return this.#at((directory) => directory.makeDirectory(path));
  }

  stat(): Outcome<DescriptorStat> {
    return this.#told(this.#shared.descriptor.status(), descriptorStat);
  }

  statAt(pathFlags: number, path: string): Outcome<DescriptorStat> {
    return this.#told(this.#statusAt(pathFlags, path), descriptorStat);
  }

  setTimesAt(pathFlags: number, path: string, accessed: NewTimestamp, modified: NewTimestamp): Done {
    const times = [newTime(accessed), newTime(modified)] as const;
    if (times.some(isTooLate)) return failure(-errno.OVERFLOW);
    return this.#at((directory) => directory.setTimesAt(path, follows(pathFlags), ...times));
  }

  linkAt(pathFlags: number, path: string, to: FileDescriptor, newPath: string): Done {
    return this.#between(to, (directory, other) => directory.link(path, follows(pathFlags), other, newPath));
  }

  openAt(pathFlags: number, path: string, openFlags: number, flags: number): Outcome<FileDescriptor> {
    const directory = this.#directory();
    if (typeof directory === "number") return failure(directory);
    const { table } = this.#host;
    // Before the file is made, since it would stay.
    if (table.full) return failure(-errno.MFILE);
    const opened = directory.open(path, {
      follow: follows(pathFlags),
      create: (openFlags & openFlag.create) !== 0,
      directory: (openFlags & openFlag.directory) !== 0,
      exclusive: (openFlags & openFlag.exclusive) !== 0,
      truncate: (openFlags & openFlag.truncate) !== 0,
      // One that asks for neither means to read, as O_RDONLY, which is 0, does.
      rights:
        (flags & flag.write) === 0 ? right.read : (flags & flag.read) === 0 ? right.write : right.read | right.write,
      flags:
        ((flags & flag.fileSync) !== 0 ? fdflags.sync : 0) |
        ((flags & flag.dataSync) !== 0 ? fdflags.dsync : 0) |
        ((flags & flag.readSync) !== 0 ? fdflags.rsync : 0),
    });
    if (typeof opened === "number") return failure(opened);
    return ok(new FileDescriptor(this.#host, SharedDescriptor.add<OpenFile | OpenDirectory>(table, opened)));
  }

  readLinkAt(path: string): Outcome<string> {
    const directory = this.#directory();
    if (typeof directory === "number") return failure(directory);
    const buffer = Buffer.allocUnsafe(linkBytesMax);
    const count = directory.readLink(path, buffer);
    if (count < 0) return failure(count);
    let text: string;
    try {
      text = utf8.decode(buffer.subarray(0, count));
    } catch {
      return failure(-errno.ILSEQ);
    }
    return text.startsWith("/") ? failure(-errno.PERM) : ok(text);
  }

  removeDirectoryAt(path: string): Done {
    return this.#at((directory) => directory.removeDirectory(path));
  }

  renameAt(path: string, to: FileDescriptor, newPath: string): Done {
    return this.#between(to, (directory, other) => directory.rename(path, other, newPath));
  }

  symlinkAt(target: string, path: string): Done {
    return this.#at((directory) => directory.makeSymbolicLink(target, path));
  }

  unlinkFileAt(path: string): Done {
    return this.#at((directory) => directory.unlink(path));
  }

  isSameObject(other: FileDescriptor): boolean {
    const one = this.#shared.descriptor.status();
    const two = other.#shared.descriptor.status();
    if (typeof one === "number" || typeof two === "number") return this.#shared.descriptor === other.#shared.descriptor;
    return one.device === two.device && one.inode === two.inode;
  }

  metadataHash(): Outcome<MetadataHash> {
    return this.#told(this.#shared.descriptor.status(), metadataHash);
  }

  metadataHashAt(pathFlags: number, path: string): Outcome<MetadataHash> {
    return this.#told(this.#statusAt(pathFlags, path), metadataHash);
  }

  drop(): void {
    this.#host.resources.remove();
    this.#shared.release();
  }

  #writeFrom(position: number | "end"): Outcome<FileOutputStream> {
    const file = this.#file();
    if (typeof file === "number") return failure(file);
    if ((file.rights & right.write) === 0) return failure(-errno.BADF);
    return ok(new FileOutputStream(this.#host, this.#shared.share() as SharedDescriptor<OpenFile>, position));
  }

  /** What reads and writes bytes. A directory is no descriptor for that. */
  #file(): OpenFile | Result {
    const { descriptor } = this.#shared;
    return descriptor instanceof OpenFile ? descriptor : -errno.BADF;
  }

  #directory(): OpenDirectory | Result {
    const { descriptor } = this.#shared;
    return descriptor instanceof OpenDirectory ? descriptor : -errno.NOTDIR;
  }

  #at(act: (directory: OpenDirectory) => Result): Done {
    const directory = this.#directory();
    return settle(typeof directory === "number" ? directory : act(directory));
  }

  #between(to: FileDescriptor, act: (directory: OpenDirectory, other: OpenDirectory) => Result): Done {
    const other = to.#directory();
    return typeof other === "number" ? failure(other) : this.#at((directory) => act(directory, other));
  }

  #statusAt(pathFlags: number, path: string): FileStatus | Result {
    const directory = this.#directory();
    return typeof directory === "number" ? directory : directory.statusAt(path, follows(pathFlags));
  }

  #told<T>(status: FileStatus | Result, tell: (status: FileStatus) => T): Outcome<T> {
    return typeof status === "number" ? failure(status) : ok(tell(status));
  }
}

function settle(result: Result): typeof done | FileFailure {
  return result < 0 ? failure(result) : done;
}

function mapped<T>(result: Result | Promise<Result>, map: (result: Result) => T): T | Promise<T> {
  return typeof result === "number" ? map(result) : result.then(map);
}

function identity(result: Result): Result {
  return result;
}

function follows(pathFlags: number): boolean {
  return (pathFlags & followFlag) !== 0;
}

function isTooLate(time: bigint | "now" | undefined): boolean {
  return typeof time === "bigint" && time > nanosecondsMax;
}

/** An offset as a number; no file has one that a number cannot hold. */
function positionOf(offset: bigint): number | Result {
  return offset > Number.MAX_SAFE_INTEGER ? -errno.INVAL : Number(offset);
}
