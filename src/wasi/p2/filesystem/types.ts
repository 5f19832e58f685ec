import type { HostCall, HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import type { IoError } from "../io-error.ts";
import type { NewTimestamp } from "./descriptor-stat.ts";
import type { DirectoryEntryStream } from "./directory-entry-stream.ts";
import type { FileDescriptor } from "./file-descriptor.ts";

/** In the order of `advice`, which is also preview 1's. */
const advices: readonly string[] = ["normal", "sequential", "random", "will-need", "dont-need", "no-reuse"];

const functions: Record<string, HostCall> = {
  "[method]descriptor.read-via-stream": (self: FileDescriptor, offset: bigint) => self.readViaStream(offset),
  "[method]descriptor.write-via-stream": (self: FileDescriptor, offset: bigint) => self.writeViaStream(offset),
  "[method]descriptor.append-via-stream": (self: FileDescriptor) => self.appendViaStream(),
  "[method]descriptor.advise": (self: FileDescriptor, offset: bigint, length: bigint, advice: string) =>
    self.advise(offset, length, advices.indexOf(advice)),
  "[method]descriptor.sync-data": (self: FileDescriptor) => self.synchronize("data"),
  "[method]descriptor.get-flags": (self: FileDescriptor) => self.getFlags(),
  "[method]descriptor.get-type": (self: FileDescriptor) => self.getType(),
  "[method]descriptor.set-size": (self: FileDescriptor, size: bigint) => self.setSize(size),
  "[method]descriptor.set-times": (self: FileDescriptor, accessed: NewTimestamp, modified: NewTimestamp) =>
    self.setTimes(accessed, modified),
  "[method]descriptor.read": (self: FileDescriptor, length: bigint, offset: bigint) => self.read(length, offset),
  "[method]descriptor.write": (self: FileDescriptor, contents: Uint8Array, offset: bigint) =>
    self.write(contents, offset),
  "[method]descriptor.read-directory": (self: FileDescriptor) => self.readDirectory(),
  "[method]descriptor.sync": (self: FileDescriptor) => self.synchronize("all"),
  "[method]descriptor.create-directory-at": (self: FileDescriptor, path: string) => self.createDirectoryAt(path),
  "[method]descriptor.stat": (self: FileDescriptor) => self.stat(),
  "[method]descriptor.stat-at": (self: FileDescriptor, pathFlags: number, path: string) => self.statAt(pathFlags, path),
  "[method]descriptor.set-times-at": (
    self: FileDescriptor,
    pathFlags: number,
    path: string,
    accessed: NewTimestamp,
    modified: NewTimestamp,
  ) => self.setTimesAt(pathFlags, path, accessed, modified),
  "[method]descriptor.link-at": (
    self: FileDescriptor,
    pathFlags: number,
    path: string,
    to: FileDescriptor,
    newPath: string,
  ) => self.linkAt(pathFlags, path, to, newPath),
  "[method]descriptor.open-at": (
    self: FileDescriptor,
    pathFlags: number,
    path: string,
    openFlags: number,
    flags: number,
  ) => self.openAt(pathFlags, path, openFlags, flags),
  "[method]descriptor.readlink-at": (self: FileDescriptor, path: string) => self.readLinkAt(path),
  "[method]descriptor.remove-directory-at": (self: FileDescriptor, path: string) => self.removeDirectoryAt(path),
  "[method]descriptor.rename-at": (self: FileDescriptor, path: string, to: FileDescriptor, newPath: string) =>
    self.renameAt(path, to, newPath),
  "[method]descriptor.symlink-at": (self: FileDescriptor, target: string, path: string) => self.symlinkAt(target, path),
  "[method]descriptor.unlink-file-at": (self: FileDescriptor, path: string) => self.unlinkFileAt(path),
  "[method]descriptor.is-same-object": (self: FileDescriptor, other: FileDescriptor) => self.isSameObject(other),
  "[method]descriptor.metadata-hash": (self: FileDescriptor) => self.metadataHash(),
  "[method]descriptor.metadata-hash-at": (self: FileDescriptor, pathFlags: number, path: string) =>
    self.metadataHashAt(pathFlags, path),
  "[resource-drop]descriptor": (self: FileDescriptor) => self.drop(),
  "[method]directory-entry-stream.read-directory-entry": (self: DirectoryEntryStream) => self.next(),
  "[resource-drop]directory-entry-stream": (self: DirectoryEntryStream) => self.drop(),
  "filesystem-error-code": ({ cause }: IoError) => (cause?.domain === "filesystem" ? cause.code : undefined),
};

export const filesystemTypes: HostInterface<P2Host> = {
  name: "wasi:filesystem/types",
  version: "0.2",
  wit: `
    interface types {
      use wasi:io/error.{error};
      use wasi:io/streams.{input-stream, output-stream};
      use wasi:clocks/wall-clock.{datetime};
      type filesize = u64;
      enum descriptor-type {
        unknown,
        block-device,
        character-device,
        directory,
        fifo,
        symbolic-link,
        regular-file,
        socket,
      }
      flags descriptor-flags {
        read,
        write,
        file-integrity-sync,
        data-integrity-sync,
        requested-write-sync,
        mutate-directory,
      }
      record descriptor-stat {
        %type: descriptor-type,
        link-count: link-count,
        size: filesize,
        data-access-timestamp: option<datetime>,
        data-modification-timestamp: option<datetime>,
        status-change-timestamp: option<datetime>,
      }
      flags path-flags {
        symlink-follow,
      }
      flags open-flags {
        create,
        directory,
        exclusive,
        truncate,
      }
      type link-count = u64;
      variant new-timestamp {
        no-change,
        now,
        timestamp(datetime),
      }
      record directory-entry {
        %type: descriptor-type,
        name: string,
      }
      enum error-code {
        access,
        would-block,
        already,
        bad-descriptor,
        busy,
        deadlock,
        quota,
        exist,
        file-too-large,
        illegal-byte-sequence,
        in-progress,
        interrupted,
        invalid,
        io,
        is-directory,
        loop,
        too-many-links,
        message-size,
        name-too-long,
        no-device,
        no-entry,
        no-lock,
        insufficient-memory,
        insufficient-space,
        not-directory,
        not-empty,
        not-recoverable,
        unsupported,
        no-tty,
        no-such-device,
        overflow,
        not-permitted,
        pipe,
        read-only,
        invalid-seek,
        text-file-busy,
        cross-device,
      }
      enum advice {
        normal,
        sequential,
        random,
        will-need,
        dont-need,
        no-reuse,
      }
      record metadata-hash-value {
        lower: u64,
        upper: u64,
      }
      resource descriptor {
        read-via-stream: func(offset: filesize) -> result<input-stream, error-code>;
        write-via-stream: func(offset: filesize) -> result<output-stream, error-code>;
        append-via-stream: func() -> result<output-stream, error-code>;
        advise: func(offset: filesize, length: filesize, advice: advice) -> result<_, error-code>;
        sync-data: func() -> result<_, error-code>;
        get-flags: func() -> result<descriptor-flags, error-code>;
        get-type: func() -> result<descriptor-type, error-code>;
        set-size: func(size: filesize) -> result<_, error-code>;
        set-times: func(data-access-timestamp: new-timestamp, data-modification-timestamp: new-timestamp) -> result<_, error-code>;
        read: func(length: filesize, offset: filesize) -> result<tuple<list<u8>, bool>, error-code>;
        write: func(buffer: list<u8>, offset: filesize) -> result<filesize, error-code>;
        read-directory: func() -> result<directory-entry-stream, error-code>;
        sync: func() -> result<_, error-code>;
        create-directory-at: func(path: string) -> result<_, error-code>;
        stat: func() -> result<descriptor-stat, error-code>;
        stat-at: func(path-flags: path-flags, path: string) -> result<descriptor-stat, error-code>;
        set-times-at: func(path-flags: path-flags, path: string, data-access-timestamp: new-timestamp, data-modification-timestamp: new-timestamp) -> result<_, error-code>;
        link-at: func(old-path-flags: path-flags, old-path: string, new-descriptor: borrow<descriptor>, new-path: string) -> result<_, error-code>;
        open-at: func(path-flags: path-flags, path: string, open-flags: open-flags, %flags: descriptor-flags) -> result<descriptor, error-code>;
        readlink-at: func(path: string) -> result<string, error-code>;
        remove-directory-at: func(path: string) -> result<_, error-code>;
        rename-at: func(old-path: string, new-descriptor: borrow<descriptor>, new-path: string) -> result<_, error-code>;
        symlink-at: func(old-path: string, new-path: string) -> result<_, error-code>;
        unlink-file-at: func(path: string) -> result<_, error-code>;
        is-same-object: func(other: borrow<descriptor>) -> bool;
        metadata-hash: func() -> result<metadata-hash-value, error-code>;
        metadata-hash-at: func(path-flags: path-flags, path: string) -> result<metadata-hash-value, error-code>;
      }
      resource directory-entry-stream {
        read-directory-entry: func() -> result<option<directory-entry>, error-code>;
      }
      filesystem-error-code: func(err: borrow<error>) -> option<error-code>;
    }`,
  blocking: [
    "[method]descriptor.sync-data",
    "[method]descriptor.read",
    "[method]descriptor.write",
    "[method]descriptor.sync",
  ],
  functions: () => functions,
};
