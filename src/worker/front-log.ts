import type { FrontEvent } from "../net/http1/context.ts";

/** Lines a second at most: what clients and guests cause must not fill the disk. */
const linesPerSecondMax = 10;

/** Writes what the front has to say to standard error, which is the file workers/worker.log of the state directory. */
export function frontLog(id: string): (event: FrontEvent) => void {
  let second = 0;
  let lines = 0;
  let lost = 0;
  return (event) => {
    const now = Math.floor(Date.now() / 1000);
    if (now !== second) {
      if (lost > 0) write({ worker: id, message: `${lost} lines were left out` });
      second = now;
      lines = 0;
      lost = 0;
    }
    if (++lines > linesPerSecondMax) lost++;
    else write({ worker: id, ...event });
  };
}

function write(record: object): void {
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), ...record })}\n`);
}
