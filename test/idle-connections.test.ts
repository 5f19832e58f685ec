import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { eachOf } from "./support/parallel.ts";

/** 10,000 by hand. */
const count = Number(process.env.WARREN_IDLE_CONNECTIONS ?? 2000);
const bytesMax = 12 * 1024;

interface Held {
  /** What is in use: the heap and the buffers. */
  readonly live: number;
  /** The process, with what the allocator keeps of the large answers that went by: that depends on how they came. */
  readonly pss: number;
  readonly connections: number;
}

test(`${count} connections that are idle after an answer of 60 KB hold at most ${bytesMax / 1024} KiB each`, async (t) => {
  const child = fork(join(import.meta.dirname, "http1/idle-front.ts"), {
    execArgv: ["--expose-gc", "--disable-warning=ExperimentalWarning"],
  });
  t.after(() => void child.kill());
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const open = (wanted: number): Promise<unknown> =>
    eachOf(Array.from({ length: wanted }), 50, async () => {
      const socket = connect(port, "127.0.0.1");
      sockets.push(socket);
      socket.write("GET / HTTP/1.1\r\nHost: example.com\r\nUser-Agent: one of many\r\nAccept: */*\r\n\r\n");
      let bytes = 0;
      await new Promise<void>((resolve, reject) => {
        socket.on("error", reject);
        socket.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > 60_000) resolve();
        });
      });
    });
  const holds = async (): Promise<Held> => {
    child.send("measure");
    const [said] = (await once(child, "message")) as [Held];
    return said;
  };
  // The first ones compile and fill what is there once.
  await open(300);
  const before = await holds();
  await open(count);
  const now = await holds();
  assert.equal(now.connections - before.connections, count);
  const each = (now.live - before.live) / count;
  t.diagnostic(
    `${(each / 1024).toFixed(1)} KiB each, ${((now.pss - before.pss) / count / 1024).toFixed(1)} of the process`,
  );
  assert.ok(each <= bytesMax, `${each} bytes each`);
});
