import type { HostCall, HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import type { InputStream } from "../input-stream.ts";
import type { OutputStream } from "../output-stream.ts";

const functions: Record<string, HostCall> = {
  "[method]input-stream.read": (self: InputStream, length: bigint) => self.read(length),
  "[method]input-stream.blocking-read": (self: InputStream, length: bigint) => self.blockingRead(length),
  "[method]input-stream.skip": (self: InputStream, length: bigint) => self.skip(length),
  "[method]input-stream.blocking-skip": (self: InputStream, length: bigint) => self.blockingSkip(length),
  "[method]input-stream.subscribe": (self: InputStream) => self.subscribe(),
  "[resource-drop]input-stream": (self: InputStream) => self.drop(),
  "[method]output-stream.check-write": (self: OutputStream) => self.checkWrite(),
  "[method]output-stream.write": (self: OutputStream, contents: Uint8Array) => self.write(contents),
  "[method]output-stream.blocking-write-and-flush": (self: OutputStream, contents: Uint8Array) =>
    self.blockingWriteAndFlush(contents),
  "[method]output-stream.flush": (self: OutputStream) => self.flush(),
  "[method]output-stream.blocking-flush": (self: OutputStream) => self.blockingFlush(),
  "[method]output-stream.subscribe": (self: OutputStream) => self.subscribe(),
  "[method]output-stream.write-zeroes": (self: OutputStream, length: bigint) => self.writeZeroes(length),
  "[method]output-stream.blocking-write-zeroes-and-flush": (self: OutputStream, length: bigint) =>
    self.blockingWriteZeroesAndFlush(length),
  "[method]output-stream.splice": (self: OutputStream, source: InputStream, length: bigint) =>
    self.splice(source, length),
  "[method]output-stream.blocking-splice": (self: OutputStream, source: InputStream, length: bigint) =>
    self.blockingSplice(source, length),
  "[resource-drop]output-stream": (self: OutputStream) => self.drop(),
};

export const ioStreams: HostInterface<P2Host> = {
  name: "wasi:io/streams",
  version: "0.2",
  wit: `
    interface streams {
      use wasi:io/error.{error};
      use wasi:io/poll.{pollable};
      variant stream-error {
        last-operation-failed(error),
        closed,
      }
      resource input-stream {
        read: func(len: u64) -> result<list<u8>, stream-error>;
        blocking-read: func(len: u64) -> result<list<u8>, stream-error>;
        skip: func(len: u64) -> result<u64, stream-error>;
        blocking-skip: func(len: u64) -> result<u64, stream-error>;
        subscribe: func() -> pollable;
      }
      resource output-stream {
        check-write: func() -> result<u64, stream-error>;
        write: func(contents: list<u8>) -> result<_, stream-error>;
        blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
        flush: func() -> result<_, stream-error>;
        blocking-flush: func() -> result<_, stream-error>;
        subscribe: func() -> pollable;
        write-zeroes: func(len: u64) -> result<_, stream-error>;
        blocking-write-zeroes-and-flush: func(len: u64) -> result<_, stream-error>;
        splice: func(src: borrow<input-stream>, len: u64) -> result<u64, stream-error>;
        blocking-splice: func(src: borrow<input-stream>, len: u64) -> result<u64, stream-error>;
      }
    }`,
  blocking: [
    "[method]input-stream.blocking-read",
    "[method]input-stream.blocking-skip",
    "[method]output-stream.blocking-write-and-flush",
    "[method]output-stream.blocking-flush",
    "[method]output-stream.blocking-write-zeroes-and-flush",
    "[method]output-stream.blocking-splice",
  ],
  functions: () => functions,
};
