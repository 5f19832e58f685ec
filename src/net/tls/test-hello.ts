// Hellos for tests, written by hand and taken from Node's own client.
import { Duplex } from "node:stream";
import { type ConnectionOptions, connect } from "node:tls";

/** What node:tls sends first. */
export function clientHello(options: ConnectionOptions): Promise<Buffer> {
  return new Promise((resolve) => {
    const wire = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        resolve(chunk);
        done();
        setImmediate(() => wire.destroy());
      },
    });
    connect({ ...options, socket: wire }).on("error", () => {});
  });
}

/** Its handshake message in records of so many bytes. */
export function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const piece = message.subarray(at, at + size);
    records.push(Buffer.of(22, 3, 1, piece.length >> 8, piece.length & 255), piece);
  }
  return Buffer.concat(records);
}

export interface WrittenHello {
  readonly session?: number;
  readonly suites?: Buffer;
  readonly extensions?: readonly (readonly [type: number, body: Buffer])[];
  readonly behind?: Buffer;
}

export function writeHello({
  session = 0,
  suites = Buffer.of(0, 2, 0x13, 1),
  extensions,
  behind,
}: WrittenHello): Buffer {
  const written = Buffer.concat((extensions ?? []).flatMap(([type, body]) => [short(type), short(body.length), body]));
  const body = Buffer.concat([
    Buffer.of(3, 3),
    Buffer.alloc(32, 7),
    Buffer.of(session),
    Buffer.alloc(session),
    suites,
    Buffer.of(1, 0),
    ...(extensions === undefined ? [] : [short(written.length), written]),
    behind ?? Buffer.alloc(0),
  ]);
  const message = Buffer.concat([Buffer.of(1, body.length >> 16, (body.length >> 8) & 255, body.length & 255), body]);
  return Buffer.concat([Buffer.of(22, 3, 1), short(message.length), message]);
}

export function serverNames(...names: readonly string[]): Buffer {
  const entries = Buffer.concat(
    names.flatMap((name) => [Buffer.of(0), short(name.length), Buffer.from(name, "latin1")]),
  );
  return Buffer.concat([short(entries.length), entries]);
}

export function short(value: number): Buffer {
  return Buffer.of(value >> 8, value & 255);
}
