import { domainToASCII } from "node:url";
import type { HostCall, HostInterface } from "../../../component/host.ts";
import { ownAddressesOf } from "../../sockets/socket-name.ts";
import type { P2Host } from "../host.ts";
import { err, ok, type WitResult } from "../result.ts";
import type { NetworkHandle } from "./network-handle.ts";
import { ResolveAddressStream } from "./resolve-address-stream.ts";

/** RFC 1035 §2.3.4: 255 octets on the wire. */
const nameLengthMax = 253;

const methods: Record<string, HostCall> = {
  "[method]resolve-address-stream.resolve-next-address": (self: ResolveAddressStream) => self.next(),
  "[method]resolve-address-stream.subscribe": (self: ResolveAddressStream) => self.subscribe(),
  "[resource-drop]resolve-address-stream": (self: ResolveAddressStream) => self.drop(),
};

export const ipNameLookup: HostInterface<P2Host> = {
  name: "wasi:sockets/ip-name-lookup",
  version: "0.2",
  wit: `
    interface ip-name-lookup {
      use wasi:io/poll.{pollable};
      use wasi:sockets/network.{network, error-code, ip-address};
      resolve-addresses: func(network: borrow<network>, name: string) -> result<resolve-address-stream, error-code>;
      resource resolve-address-stream {
        resolve-next-address: func() -> result<option<ip-address>, error-code>;
        subscribe: func() -> pollable;
      }
    }`,
  blocking: [],
  functions: (host) => ({
    ...methods,
    "resolve-addresses": (_network: NetworkHandle, name: string) => resolve(host, name),
  }),
};

function resolve(host: P2Host, name: string): WitResult<ResolveAddressStream, string> {
  const known = name === "" ? undefined : ownAddressesOf(name);
  if (known !== undefined) return ok(new ResolveAddressStream(host, known));
  const ascii = asciiName(name);
  if (ascii === undefined) return err("invalid-argument");
  return ok(new ResolveAddressStream(host, host.dialler.resolve(ascii, undefined)));
}

/** A name as it is looked up; undefined when it is none. */
function asciiName(name: string): string | undefined {
  if (name.length > nameLengthMax) return undefined;
  const ascii = /^[\x20-\x7e]*$/.test(name) ? name : domainToASCII(name);
  const labels = ascii.replace(/\.$/, "").split(".");
  return labels.every((label) => /^[A-Za-z0-9_-]{1,63}$/.test(label)) ? ascii : undefined;
}
