import { cpuMicros } from "./cpu-time.ts";
import { type WrkResult, wrk } from "./wrk.ts";

/** A server under load, and all the processes whose CPU time is its own. */
export interface System {
  readonly name: string;
  readonly port: number;
  readonly host: string;
  /** What is asked for; `/` when absent. */
  readonly path?: string;
  readonly pids: readonly number[];
  /** A part of it that is told apart. */
  readonly part?: readonly number[];
}

export interface Measured extends WrkResult {
  /** CPU time of a request, microseconds. */
  readonly cpu: number;
  /** The part's share of it. */
  readonly partCpu: number;
}

export async function measure(
  wrkPath: string,
  { port, host, path = "/", pids, part = [] }: System,
  load: { readonly connections: number; readonly seconds: number },
): Promise<Measured> {
  const [before, partBefore] = [cpuMicros(pids), cpuMicros(part)];
  const result = await wrk(wrkPath, { url: `http://127.0.0.1:${port}${path}`, host, ...load });
  return {
    ...result,
    cpu: (cpuMicros(pids) - before) / result.requests,
    partCpu: (cpuMicros(part) - partBefore) / result.requests,
  };
}

/** Loads the systems in turn, round after round, so that whatever else happens on the machine meets them all. */
export async function measureInTurn(
  wrkPath: string,
  systems: readonly System[],
  { rounds, connections, seconds }: { readonly rounds: number; readonly connections: number; readonly seconds: number },
): Promise<Map<System, Measured[]>> {
  const results = new Map<System, Measured[]>(systems.map((system) => [system, []]));
  for (let round = 0; round < rounds; round++) {
    for (const system of systems) results.get(system)!.push(await measure(wrkPath, system, { connections, seconds }));
    console.error(`  ${connections} connections, round ${round + 1} of ${rounds}`);
  }
  return results;
}
