import type { HostInterface } from "../../component/host.ts";
import { type HostTypes, hostTypes } from "../../component/host-types.ts";
import type { HostFunctionImport } from "../../component/plan.ts";
import { bindInterfaces, interfaces, interfacesByName } from "../../wasi/p2/bind.ts";
import type { HttpHost } from "../../wasi/p2/http/host.ts";
import { httpInterfaces } from "../../wasi/p2/http/interfaces.ts";

/** Everything that components are offered. */
const offers: readonly HostInterface<HttpHost>[] = [...interfaces, ...httpInterfaces];

const byName = interfacesByName(offers);
let types: HostTypes | undefined;

/** The types of all that is offered. Read when it is first asked for: it takes milliseconds. */
export function offeredTypes(): HostTypes {
  types ??= hostTypes(offers);
  return types;
}

const blocking = new Map(offers.map(({ name, blocking: names }) => [name, new Set(names)]));

/** Whether a function that a component imports may make it wait. */
export function isBlocking({ interface: interfaceName, name }: HostFunctionImport): boolean {
  return blocking.get(interfaceName)?.has(name) === true;
}

/** Finds the functions of one instance. */
export function bindOffers(host: HttpHost): ReturnType<typeof bindInterfaces> {
  return bindInterfaces(byName, host);
}
