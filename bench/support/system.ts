import { cpuMicros } from "./cpu-time.ts";

/** What a load found out. */
export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  /** Latencies, microseconds. */
  readonly p50: number;
  readonly p99: number;
}

export interface LoadOptions {
  readonly connections: number;
  readonly seconds: number;
}

/** Loads a system; throws when a request fails: figures of errors mean nothing. */
export type Load = (system: System, options: LoadOptions) => Promise<LoadResult>;

/** A server under load, and all the processes whose CPU time is its own. */
export interface System {
  readonly name: string;
  readonly port: number;
  readonly host: string;
  /** What is asked for; `/` when absent. */
  readonly path?: string;
  readonly tls?: boolean;
  /** Bytes of a body to POST; a GET when absent. */
  readonly post?: number;
  readonly pids: readonly number[];
  /** A part of it that is told apart. */
  readonly part?: readonly number[];
}

export interface Measured extends LoadResult {
  /** CPU time of a request, microseconds. */
  readonly cpu: number;
  /** The part's share of it. */
  readonly partCpu: number;
}

async function measure(load: Load, system: System, options: LoadOptions): Promise<Measured> {
  const { pids, part = [] } = system;
  const [before, partBefore] = [cpuMicros(pids), cpuMicros(part)];
  const result = await load(system, options);
  return {
    ...result,
    cpu: (cpuMicros(pids) - before) / result.requests,
    partCpu: (cpuMicros(part) - partBefore) / result.requests,
  };
}

/** Loads the systems in turn, round after round, so that whatever else happens on the machine meets them all. */
export async function measureInTurn(
  load: Load,
  systems: readonly System[],
  { rounds, ...options }: LoadOptions & { readonly rounds: number },
): Promise<Map<System, Measured[]>> {
  const results = new Map<System, Measured[]>(systems.map((system) => [system, []]));
  for (let round = 0; round < rounds; round++) {
    for (const system of systems) results.get(system)!.push(await measure(load, system, options));
    console.error(`  ${options.connections} connections, round ${round + 1} of ${rounds}`);
  }
  return results;
}
