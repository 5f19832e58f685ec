import type { HostCall } from "../../../component/host.ts";
import { SystemClocks } from "../../clocks.ts";
import type { Descriptor } from "../../descriptor.ts";
import { DescriptorTable } from "../../descriptor-table.ts";
import type { OpenDirectory } from "../../files/open-directory.ts";
import { CpuMeter, GuestThread } from "../../guest-thread.ts";
import { Dialler } from "../../sockets/dialler.ts";
import { VirtualNetwork } from "../../sockets/virtual-network.ts";
import { InputStream, OutputStream } from "../../stdio.ts";
import { bindInterfaces, interfaces, interfacesByName } from "../bind.ts";
import type { P2Host } from "../host.ts";
import { ResourceCount } from "../resource-count.ts";

const byName = interfacesByName(interfaces);

/** What `exit` throws here. */
export class Exited extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

export interface TestHost extends P2Host {
  readonly handed: Set<Descriptor>;
  /** What the guest wrote to standard output and error. */
  readonly written: Uint8Array[];
  /** Calls a function of an interface, `wasi:` left out of its name. */
  // biome-ignore lint/suspicious/noExplicitAny: results have the types of the WIT declaration
  call(interfaceName: string, name: string, ...args: unknown[]): any;
}

export interface TestHostOptions extends Partial<P2Host> {
  readonly stdin?: Descriptor;
  readonly stdout?: Descriptor;
  readonly stderr?: Descriptor;
  readonly directories?: readonly OpenDirectory[];
  readonly resourcesMax?: number;
}

/** A host for a guest that is a test: standard streams, of which input is empty, and random bytes that are 7. */
export function testHost({
  stdin = new InputStream(undefined, false),
  stdout,
  stderr,
  directories = [],
  resourcesMax = 1000,
  ...overrides
}: TestHostOptions = {}): TestHost {
  const clocks = overrides.clocks ?? new SystemClocks();
  const table = overrides.table ?? new DescriptorTable();
  const written: Uint8Array[] = [];
  const network = overrides.network ?? new VirtualNetwork();
  table.add(stdin);
  for (const output of [stdout, stderr]) table.add(output ?? new OutputStream((chunk) => written.push(chunk), false));
  for (const directory of directories) table.add(directory);
  const host: P2Host = {
    table,
    thread: new GuestThread(clocks, new CpuMeter()),
    clocks,
    random: (target) => target.fill(7),
    network,
    dialler: new Dialler(network),
    args: ["guest", "ä"],
    env: ["A=1", "B=", "C=a=b"],
    resources: new ResourceCount(resourcesMax),
    handed: new Set(),
    exit(code) {
      throw new Exited(code);
    },
    ...overrides,
  };
  const bound = bindInterfaces(byName, host);
  return {
    ...host,
    handed: host.handed as Set<Descriptor>,
    written,
    call: (interfaceName, name, ...args) => (bound(`wasi:${interfaceName}`, name) as HostCall)(...args),
  };
}

export function text(bytes: Uint8Array | readonly Uint8Array[]): string {
  return Buffer.concat(bytes instanceof Uint8Array ? [bytes] : bytes).toString();
}
