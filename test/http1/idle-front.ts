// A front in a process of its own, before a guest that answers from memory: says what it holds when asked, garbage collected.
import { readFileSync } from "node:fs";
import { Front } from "../../src/net/front.ts";
import { answering, listeningFd, ok, streamTarget } from "../../src/net/test-rig.ts";

const front = new Front();
const { fd, port } = await listeningFd();
await front.addHttpListener("http", fd);
// Head and body in one piece, as a guest may write them.
const large = ok("x".repeat(60_000));
front.router.set("it", [{ listener: "http", target: streamTarget(answering(() => large)) }]);

process.on("message", () => {
  for (let round = 0; round < 3; round++) (globalThis as unknown as { gc(): void }).gc();
  const pss = Number(/^Pss: +(\d+) kB/m.exec(readFileSync("/proc/self/smaps_rollup", "utf8"))?.[1]) * 1024;
  const { heapUsed, external } = process.memoryUsage();
  process.send!({ live: heapUsed + external, pss, connections: front.connections });
});
process.on("disconnect", () => process.exit());
process.send!({ port });
