import type { ProcessArguments } from "../protocol.ts";
import { completeWall } from "../wall/complete.ts";
import { Connector } from "./connector.ts";

// Started by the launcher, as a worker is: one argument, the control socket and its lane.
const args = JSON.parse(process.argv[2] as string) as ProcessArguments;
completeWall(args);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
new Connector(args).listen();
