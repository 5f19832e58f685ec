import { assert } from "../../base/assert.ts";
import type { HostCall, HostInterface } from "../../component/host.ts";
import { environment } from "./cli/environment.ts";
import { exit } from "./cli/exit.ts";
import { stderr } from "./cli/stderr.ts";
import { stdin } from "./cli/stdin.ts";
import { stdout } from "./cli/stdout.ts";
import { terminalInput } from "./cli/terminal-input.ts";
import { terminalOutput } from "./cli/terminal-output.ts";
import { terminalStderr } from "./cli/terminal-stderr.ts";
import { terminalStdin } from "./cli/terminal-stdin.ts";
import { terminalStdout } from "./cli/terminal-stdout.ts";
import { monotonicClock } from "./clocks/monotonic-clock.ts";
import { wallClock } from "./clocks/wall-clock.ts";
import { configStore } from "./config/store.ts";
import { preopens } from "./filesystem/preopens.ts";
import { filesystemTypes } from "./filesystem/types.ts";
import type { P2Host } from "./host.ts";
import { ioError } from "./io/error.ts";
import { ioPoll } from "./io/poll.ts";
import { ioStreams } from "./io/streams.ts";
import { keyvalueAtomics } from "./keyvalue/atomics.ts";
import { keyvalueBatch } from "./keyvalue/batch.ts";
import { keyvalueStore } from "./keyvalue/store.ts";
import { logging } from "./logging/logging.ts";
import { insecure } from "./random/insecure.ts";
import { insecureSeed } from "./random/insecure-seed.ts";
import { random } from "./random/random.ts";
import { instanceNetwork } from "./sockets/instance-network.ts";
import { ipNameLookup } from "./sockets/ip-name-lookup.ts";
import { network } from "./sockets/network.ts";
import { tcp } from "./sockets/tcp.ts";
import { tcpCreateSocket } from "./sockets/tcp-create-socket.ts";
import { udp } from "./sockets/udp.ts";
import { udpCreateSocket } from "./sockets/udp-create-socket.ts";

/** Every interface of WASI 0.2 that is offered, to compare a component's imports with. */
export const interfaces: readonly HostInterface<P2Host>[] = [
  ioError,
  ioPoll,
  ioStreams,
  monotonicClock,
  wallClock,
  random,
  insecure,
  insecureSeed,
  environment,
  exit,
  stdin,
  stdout,
  stderr,
  terminalInput,
  terminalOutput,
  terminalStdin,
  terminalStdout,
  terminalStderr,
  filesystemTypes,
  preopens,
  network,
  instanceNetwork,
  ipNameLookup,
  tcp,
  tcpCreateSocket,
  udp,
  udpCreateSocket,
  configStore,
  keyvalueStore,
  keyvalueAtomics,
  keyvalueBatch,
  logging,
];

/** To find an interface that is offered by its name. */
export function interfacesByName<H>(offered: readonly HostInterface<H>[]): ReadonlyMap<string, HostInterface<H>> {
  return new Map(offered.map((one) => [one.name, one]));
}

/** Finds the functions of one instance. An interface's are made when the first of them is asked for. */
export function bindInterfaces<H>(
  byName: ReadonlyMap<string, HostInterface<H>>,
  host: H,
): (interfaceName: string, name: string) => HostCall {
  const bound = new Map<string, Readonly<Record<string, HostCall>>>();
  return (interfaceName, name) => {
    let functions = bound.get(interfaceName);
    if (functions === undefined) {
      const offered = byName.get(interfaceName);
      assert(offered !== undefined, `${interfaceName} was not resolved`);
      functions = offered.functions(host);
      bound.set(interfaceName, functions);
    }
    const call = functions[name];
    assert(call !== undefined, `${interfaceName} has no ${name}`);
    return call;
  };
}
