import type { WorkerArguments } from "./protocol.ts";
import { Worker } from "./worker.ts";

// Started by the daemon: one argument, the control socket on descriptor 3 and its lane on 4.
const worker = new Worker(JSON.parse(process.argv[2] as string) as WorkerArguments);

// The daemon orders a drain; a terminal's signals are not for a worker.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
worker.listen();
