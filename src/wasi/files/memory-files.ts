import { assert } from "../../base/assert.ts";
import { errno, type Result } from "../errno.ts";
import { capped } from "./capped.ts";
import type { FileSystem, Handle, NewTime } from "./file-system.ts";
import { MemoryContent } from "./memory-content.ts";
import {
  type MemoryDirectory,
  MemoryEntries,
  type MemoryFile,
  type MemoryNode,
  statusOfNode,
  typeOfNode,
} from "./memory-node.ts";
import { open } from "./open-flags.ts";
import type { DirectoryEntry } from "./read-directory.ts";
import { resolveByWalk } from "./resolve-walk.ts";
import type { FileStatus } from "./status.ts";

/** What a file, directory or link costs besides its name and content: a round figure for what V8 keeps of it. */
const nodeBytes = 512;
/** NAME_MAX and PATH_MAX of Linux. */
const nameBytesMax = 255;
const targetBytesMax = 4095;
/** As of ext4 with 4 KiB blocks. A hole may be as long; memory is what counts. */
const fileBytesMax = 2 ** 44;

const encoder = new TextEncoder();

interface Opened {
  readonly node: MemoryNode;
  append: boolean;
  /** Where the last write to the end left off. */
  appendedTo: number;
}

/**
 * A file system in memory, with a limit, that ends with the instance it was made for. All that it holds counts:
 * content, names, and a flat sum for each file. What is full says ENOSPC.
 */
export class MemoryFiles implements FileSystem {
  /** The root directory, open. */
  readonly root: Handle = 0;
  readonly #bytesMax: number;
  readonly #now: () => bigint;
  readonly #device: bigint;
  readonly #opened: (Opened | undefined)[] = [];
  readonly #free: Handle[] = [];
  #inodes = 1n;
  #bytes = 0;

  /** `now`: nanoseconds since 1970. `device`: what tells its files from those of other mounts. */
  constructor(bytesMax: number, now: () => bigint, device: bigint = 0n) {
    this.#bytesMax = bytesMax;
    this.#now = now;
    this.#device = device;
    const root = this.#newDirectory(undefined);
    this.#give(root, false);
  }

  /** Memory that it holds at the moment. */
  get heldBytes(): number {
    return this.#bytes;
  }

  resolve(root: Handle, path: string): Result {
    return resolveByWalk(this, root, path);
  }

  open(directory: Handle, name: string, flags: number): Result {
    const parent = this.#directory(directory);
    if (name !== "." && parent.links === 0) return -errno.NOENT;
    if (nameTooLong(name)) return -errno.NAMETOOLONG;
    let node = name === "." ? parent : parent.entries.get(name);
    if (node === undefined) {
      if ((flags & open.create) === 0) return -errno.NOENT;
      const file = this.#newFile();
      if (!this.#add(parent, name, file)) return -errno.NOSPC;
      node = file;
    } else if ((flags & open.create) !== 0) {
      if ((flags & open.exclusive) !== 0) return -errno.EXIST;
      if (node.kind === "directory") return -errno.ISDIR;
    }
    if ((flags & open.directory) !== 0 && node.kind !== "directory") return -errno.NOTDIR;
    if (node.kind === "link") return -errno.LOOP;
    return this.#give(node, (flags & open.append) !== 0);
  }

  close(handle: Handle): void {
    const { node } = this.#get(handle);
    this.#opened[handle] = undefined;
    this.#free.push(handle);
    if (node.kind !== "file") return;
    node.opens--;
    this.#sweep(node);
  }

  statusAt(directory: Handle, name: string): FileStatus | Result {
    const node = this.#find(directory, name);
    return typeof node === "number" ? node : statusOfNode(this.#device, node);
  }

  statusOf(handle: Handle): FileStatus | Result {
    return statusOfNode(this.#device, this.#get(handle).node);
  }

  setTimesAt(directory: Handle, name: string, accessed: NewTime, modified: NewTime): Result {
    const node = this.#find(directory, name);
    return typeof node === "number" ? node : this.#setTimes(node, accessed, modified);
  }

  setTimesOf(handle: Handle, accessed: NewTime, modified: NewTime): Result {
    return this.#setTimes(this.#get(handle).node, accessed, modified);
  }

  makeDirectory(directory: Handle, name: string): Result {
    const parent = this.#directory(directory);
    const refused = this.#refuseNew(parent, name);
    if (refused < 0) return refused;
    if (!this.#add(parent, name, this.#newDirectory(parent))) return -errno.NOSPC;
    parent.links++;
    return 0;
  }

  makeSymbolicLink(target: string, directory: Handle, name: string): Result {
    const bytes = encoder.encode(target);
    if (bytes.length === 0) return -errno.NOENT;
    if (bytes.length > targetBytesMax) return -errno.NAMETOOLONG;
    const parent = this.#directory(directory);
    const refused = this.#refuseNew(parent, name);
    if (refused < 0) return refused;
    const added = this.#add(parent, name, { kind: "link", target: bytes, ...this.#common() }, bytes.length);
    return added ? 0 : -errno.NOSPC;
  }

  link(from: Handle, oldName: string, to: Handle, newName: string): Result {
    const node = this.#find(from, oldName);
    if (typeof node === "number") return node;
    const parent = this.#directory(to);
    const refused = this.#refuseNew(parent, newName);
    if (refused < 0) return refused;
    if (node.kind === "directory") return -errno.PERM;
    if (!this.#charge(nameCost(newName))) return -errno.NOSPC;
    this.#put(parent, newName, node);
    node.links++;
    node.changed = this.#now();
    return 0;
  }

  remove(directory: Handle, name: string, what: "file" | "directory"): Result {
    if (name === ".") return what === "directory" ? -errno.INVAL : -errno.ISDIR;
    const node = this.#find(directory, name);
    if (typeof node === "number") return node;
    const parent = this.#directory(directory);
    if (what === "file" && node.kind === "directory") return -errno.ISDIR;
    if (what === "directory") {
      if (node.kind !== "directory") return -errno.NOTDIR;
      if (node.entries.size > 0) return -errno.NOTEMPTY;
    }
    this.#take(parent, name, node);
    return 0;
  }

  rename(from: Handle, oldName: string, to: Handle, newName: string): Result {
    const [name, slash] = withoutSlash(oldName);
    const [target, targetSlash] = withoutSlash(newName);
    if (name === "." || target === ".") return -errno.BUSY;
    const node = this.#find(from, name);
    if (typeof node === "number") return node;
    const [source, parent] = [this.#directory(from), this.#directory(to)];
    if (parent.links === 0) return -errno.NOENT;
    if (nameTooLong(target)) return -errno.NAMETOOLONG;
    // In the order of Linux's do_renameat2().
    if (node.kind !== "directory" && (slash || targetSlash)) return -errno.NOTDIR;
    if (isWithin(parent, node)) return -errno.INVAL;
    const there = parent.entries.get(target);
    if (there !== undefined && isWithin(source, there)) return -errno.NOTEMPTY;
    if (there === node) return 0;
    if (there !== undefined) {
      if (node.kind === "directory" && there.kind !== "directory") return -errno.NOTDIR;
      if (node.kind !== "directory" && there.kind === "directory") return -errno.ISDIR;
      if (there.kind === "directory" && there.entries.size > 0) return -errno.NOTEMPTY;
    } else if (!this.#charge(nameCost(target) - nameCost(name))) return -errno.NOSPC;
    if (there !== undefined) {
      this.#take(parent, target, there);
      this.#charge(nameCost(target) - nameCost(name));
    }
    source.entries.remove(name);
    parent.entries.add(target, node);
    if (node.kind === "directory" && source !== parent) {
      source.links--;
      parent.links++;
      node.parent = parent;
    }
    const now = this.#now();
    source.modified = source.changed = parent.modified = parent.changed = node.changed = now;
    return 0;
  }

  readLink(directory: Handle, name: string): Uint8Array | Result {
    const node = this.#find(directory, name);
    if (typeof node === "number") return node;
    return node.kind === "link" ? node.target : -errno.INVAL;
  }

  readDirectory(handle: Handle, cookie: bigint, _bytesMax: number, take: (entry: DirectoryEntry) => boolean): Result {
    const directory = this.#directory(handle);
    if (directory.links === 0) return -errno.NOENT;
    // A cookie that was never given out is past the end.
    const from = Number(BigInt.asUintN(53, cookie));
    const own = (next: number, name: string, { inode }: MemoryNode) =>
      from >= next || take({ next: BigInt(next), inode, type: typeOfNode(directory), name: encoder.encode(name) });
    if (!own(1, ".", directory)) return 0;
    if (!own(2, "..", directory.parent ?? directory)) return 0;
    for (const { serial, name, node } of directory.entries.after(from)) {
      const entry = { next: BigInt(serial), inode: node.inode, type: typeOfNode(node), name: encoder.encode(name) };
      if (!take(entry)) return 0;
    }
    return 0;
  }

  read(handle: Handle, buffers: readonly Uint8Array[], position: number): Result {
    const { content } = this.#file(handle);
    let done = 0;
    for (const buffer of capped(buffers)) {
      const count = content.read(buffer, position + done);
      done += count;
      if (count < buffer.length) break;
    }
    return done;
  }

  write(handle: Handle, buffers: readonly Uint8Array[], position: number | "end"): Result {
    const file = this.#file(handle);
    const opened = this.#get(handle);
    // As on Linux: what is in append mode is appended to, whatever position is given.
    const start = position === "end" || opened.append ? file.content.size : position;
    let done = 0;
    for (const buffer of capped(buffers)) {
      const part = buffer.subarray(0, Math.max(0, fileBytesMax - start - done));
      if (part.length === 0 && buffer.length > 0) return done > 0 ? done : -errno.FBIG;
      const count = file.content.write(part, start + done);
      done += count;
      if (count < part.length) break;
    }
    if (done === 0 && buffers.some(({ length }) => length > 0)) return -errno.NOSPC;
    if (done > 0) {
      file.modified = file.changed = this.#now();
      opened.appendedTo = start + done;
    }
    return done;
  }

  appendedTo(handle: Handle): Result {
    return this.#get(handle).appendedTo;
  }

  setAppend(handle: Handle, append: boolean): Result {
    this.#get(handle).append = append;
    return 0;
  }

  truncate(handle: Handle, size: bigint): Result {
    if (size < 0n) return -errno.INVAL;
    if (size > fileBytesMax) return -errno.FBIG;
    const file = this.#file(handle);
    file.content.resize(Number(size));
    file.modified = file.changed = this.#now();
    return 0;
  }

  allocate(handle: Handle, offset: bigint, length: bigint): Result {
    if (offset < 0n || length <= 0n) return -errno.INVAL;
    if (offset + length > fileBytesMax) return -errno.FBIG;
    const file = this.#file(handle);
    if (!file.content.reserve(Number(offset), Number(length))) return -errno.NOSPC;
    file.modified = file.changed = this.#now();
    return 0;
  }

  advise(_handle: Handle, _offset: bigint, length: bigint): Result {
    return length < 0n ? -errno.INVAL : 0;
  }

  synchronize(): Result {
    return 0;
  }

  #get(handle: Handle): Opened {
    const opened = this.#opened[handle];
    assert(opened !== undefined, "the handle is open");
    return opened;
  }

  #directory(handle: Handle): MemoryDirectory {
    const { node } = this.#get(handle);
    assert(node.kind === "directory", "the handle is a directory's");
    return node;
  }

  #file(handle: Handle): MemoryFile {
    const { node } = this.#get(handle);
    assert(node.kind === "file", "the handle is a file's");
    return node;
  }

  #give(node: MemoryNode, append: boolean): Handle {
    const handle = this.#free.pop() ?? this.#opened.length;
    this.#opened[handle] = { node, append, appendedTo: 0 };
    if (node.kind === "file") node.opens++;
    return handle;
  }

  #find(directory: Handle, name: string): MemoryNode | Result {
    const parent = this.#directory(directory);
    if (name === ".") return parent;
    // Nothing is found in a directory that was removed, not even that a name is too long.
    if (parent.links === 0) return -errno.NOENT;
    if (nameTooLong(name)) return -errno.NAMETOOLONG;
    return parent.entries.get(name) ?? -errno.NOENT;
  }

  /** Why nothing new can have that name. */
  #refuseNew(parent: MemoryDirectory, name: string): Result {
    if (name === ".") return -errno.EXIST;
    if (parent.links === 0) return -errno.NOENT;
    if (nameTooLong(name)) return -errno.NAMETOOLONG;
    return parent.entries.get(name) === undefined ? 0 : -errno.EXIST;
  }

  #common() {
    const now = this.#now();
    return { inode: this.#inodes++, links: 1, accessed: now, modified: now, changed: now };
  }

  #newFile(): MemoryFile {
    const content = new MemoryContent((bytes) => this.#charge(bytes));
    return { kind: "file", content, opens: 0, ...this.#common() };
  }

  #newDirectory(parent: MemoryDirectory | undefined): MemoryDirectory {
    return { kind: "directory", entries: new MemoryEntries(), parent, ...this.#common(), links: 2 };
  }

  /** Gives a new node its first name. */
  #add(parent: MemoryDirectory, name: string, node: MemoryNode, contentBytes: number = 0): boolean {
    if (!this.#charge(nodeBytes + nameCost(name) + contentBytes)) return false;
    this.#put(parent, name, node);
    return true;
  }

  #put(parent: MemoryDirectory, name: string, node: MemoryNode): void {
    parent.entries.add(name, node);
    parent.modified = parent.changed = this.#now();
  }

  /** Takes a name away from a node, and with the last one the node. */
  #take(parent: MemoryDirectory, name: string, node: MemoryNode): void {
    parent.entries.remove(name);
    parent.modified = parent.changed = node.changed = this.#now();
    this.#charge(-nameCost(name));
    node.links--;
    if (node.kind === "directory") {
      node.links = 0;
      parent.links--;
    }
    if (node.links > 0) return;
    if (node.kind === "file") this.#sweep(node);
    else this.#charge(-nodeBytes - (node.kind === "link" ? node.target.length : 0));
  }

  /** Lets go of a file that nothing leads to any more. */
  #sweep(file: MemoryFile): void {
    if (file.links > 0 || file.opens > 0) return;
    file.content.resize(0);
    this.#charge(-nodeBytes);
  }

  #setTimes(node: MemoryNode, accessed: NewTime, modified: NewTime): Result {
    const now = this.#now();
    if (accessed !== undefined) node.accessed = accessed === "now" ? now : accessed;
    if (modified !== undefined) node.modified = modified === "now" ? now : modified;
    node.changed = now;
    return 0;
  }

  #charge(bytes: number): boolean {
    if (bytes > 0 && this.#bytes + bytes > this.#bytesMax) return false;
    this.#bytes += bytes;
    return true;
  }
}

/** A name twice, as text and as the key of a map. */
function nameCost(name: string): number {
  return 64 + 2 * name.length;
}

function nameTooLong(name: string): boolean {
  return name.length > nameBytesMax || (name.length > nameBytesMax / 3 && encoder.encode(name).length > nameBytesMax);
}

function isWithin(directory: MemoryDirectory, node: MemoryNode): boolean {
  for (let above: MemoryDirectory | undefined = directory; above !== undefined; above = above.parent)
    if (above === node) return true;
  return false;
}

function withoutSlash(name: string): [name: string, slash: boolean] {
  return name.endsWith("/") ? [name.slice(0, -1), true] : [name, false];
}
