import type { WorkerArguments } from "./protocol.ts";
import { completeWall } from "./wall/complete.ts";
import { Worker } from "./worker.ts";

// Started by the launcher: one argument, and the descriptors that protocol.ts names.
const args = JSON.parse(process.argv[2] as string) as WorkerArguments;
completeWall(args);
const worker = new Worker(args);

// The daemon orders a drain; a terminal's signals are not for a worker.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
worker.listen();
