import { assert } from "../../base/assert.ts";
import type { HostCall, HostInterface } from "../../component/host.ts";
import type { P2Host } from "./host.ts";
import { ioError } from "./io/error.ts";
import { ioPoll } from "./io/poll.ts";
import { ioStreams } from "./io/streams.ts";

/** Every interface of WASI 0.2 that is offered, to compare a component's imports with. */
export const interfaces: readonly HostInterface<P2Host>[] = [ioError, ioPoll, ioStreams];

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
