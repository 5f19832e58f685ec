// What an attacker does who runs JavaScript of his own in a worker, behind its wall, with the worker's lane to the connector:
// the entry of a launch in place of the worker's. It prints, as JSON, what each attempt gave it.
import fs from "node:fs";
import { Socket } from "node:net";
import { parseIp } from "../../src/base/ip.ts";
import { pointerTo } from "../../src/base/libc.ts";
import { Link } from "../../src/base/link.ts";
import { systemCall } from "../../src/base/system-call.ts";
import { encodeFrame, FrameReader, frameKind } from "../../src/worker/connector/datagram-frames.ts";
import { hideMemory } from "../../src/worker/wall/process.ts";
import { sealSystemCalls } from "../../src/worker/wall/seccomp.ts";

export interface Prey {
  /** What the one service in this worker is granted, by TCP and by UDP. */
  readonly granted: number;
  /** What another service, of another worker, is. */
  readonly forbidden: number;
}

const streamFd = 3;
const laneFd = 4;
const own = { service: "default/own", revision: 1 };
const other = { service: "default/other", revision: 1 };

const x64 = process.arch === "x64";
const numbers = { connect: x64 ? 42 : 203, socket: x64 ? 41 : 198, bind: x64 ? 49 : 200, listen: x64 ? 50 : 201 };

const attempts: Record<string, string> = {};

/** `struct sockaddr_in` of this machine. */
function here(port: number): Buffer {
  const name = Buffer.alloc(16);
  name.writeUInt16LE(2, 0);
  name.writeUInt16BE(port, 2);
  name.set([127, 0, 0, 1], 4);
  return name;
}

async function main(): Promise<void> {
  const { seal, hide, prey } = JSON.parse(process.argv[2] as string) as { seal: boolean; hide: boolean; prey: Prey };
  if (hide) hideMemory();
  if (seal) sealSystemCalls();
  const { granted, forbidden } = prey;
  const link = new Link(new Socket({ fd: streamFd, readable: true, writable: true }), laneFd, {});
  const ask = async (what: string, op: string, body: unknown): Promise<number[]> => {
    try {
      const { body: answer, fds } = await link.callForDescriptors<object>(op, body);
      attempts[what] = fds.length > 0 ? "got a descriptor" : JSON.stringify(answer);
      return fds;
    } catch (error) {
      attempts[what] = (error as { code?: string }).code ?? String(error);
      return [];
    }
  };
  const to = (port: number, ip = "127.0.0.1") => ({ id: 1, ip, port });

  await ask("another port", "connect", { ...own, ...to(forbidden) });
  for (const asking of [
    other,
    { ...other, worker: "other" },
    { ...own, revision: 2 },
    { service: "default/own/../other" },
  ])
    await ask(`as ${JSON.stringify(asking)}`, "connect", { revision: 1, ...asking, ...to(forbidden) });
  for (const ip of [
    "::ffff:127.0.0.1",
    "127.1",
    "0x7f000001",
    "localhost",
    "0.0.0.0",
    "::1",
    "127.0.0.1 ",
    "169.254.169.254",
  ])
    await ask(`as ${ip}`, "connect", { ...own, ...to(forbidden, ip) });
  for (const port of [`${forbidden}`, forbidden + 65_536, -1, [forbidden], { valueOf: forbidden }])
    await ask(`on port ${JSON.stringify(port)}`, "connect", { ...own, ...to(port as number) });
  const rights = { grants: [{ host: "*", firstPort: 0, lastPort: 65_535, protocol: "tcp" }], services: [] };
  for (const [op, body] of Object.entries({
    grant: { worker: "own", ...own, rights },
    revoke: { worker: "other", ...other },
    worker: { id: "own" },
    names: { servers: ["127.0.0.1"], hosts: {} },
    hello: {},
    lane: { nonce: "x" },
    retire: {},
  }))
    await ask(`order ${op}`, op, body);
  for (const name of ["other.example", "localhost", "metadata.google.internal", "db.warren.internal"])
    await ask(`look up ${name}`, "resolve", { ...own, name });
  for (const asking of [own, other])
    for (const worker of ["other", "own"])
      await ask(`dial by ${asking.service} in ${worker}`, "dial", { ...asking, to: "default/db", port: 5432, worker });
  await ask("datagrams as another", "datagrams", other);

  // With what it may have.
  const [socket = -1] = await ask("granted", "connect", { ...own, ...to(granted) });
  const name = here(forbidden);
  const call = (what: string, number: number, ...args: (number | bigint)[]): void => {
    const result = systemCall(number, ...args);
    attempts[what] = result >= 0 ? "allowed" : String(result);
  };
  call("connect that socket elsewhere", numbers.connect, socket, pointerTo(name), name.length);
  call("bind that socket", numbers.bind, socket, pointerTo(name), name.length);
  call("listen on that socket", numbers.listen, socket, 1);
  call("a socket of its own", numbers.socket, 2, 1, 0);

  const [frames = -1] = await ask("granted datagrams", "datagrams", own);
  const stream = new Socket({ fd: frames, readable: true, writable: true });
  const loopback = parseIp("127.0.0.1") as Uint8Array;
  const send = (port: number): void =>
    void stream.write(encodeFrame({ kind: frameKind.datagram, ip: loopback, port, data: Buffer.from("knock") }));
  const reader = new FrameReader();
  const answers = new Promise<string[]>((resolve) => {
    const got: string[] = [];
    stream.on("data", (chunk: Buffer) => {
      for (const { kind, port } of reader.push(chunk))
        got.push(
          `${kind === frameKind.refused ? "refused" : "answered"} ${port === forbidden ? "forbidden" : "granted"}`,
        );
      if (got.length >= 2) resolve(got);
    });
  });
  send(forbidden);
  send(granted);
  attempts["datagrams sent"] = (await answers).toSorted((a, b) => (a < b ? -1 : 1)).join(", ");
  fs.writeSync(1, JSON.stringify(attempts));
  process.exit(0);
}

await main();
