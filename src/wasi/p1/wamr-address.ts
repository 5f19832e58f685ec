import { errno } from "../errno.ts";
import type { SocketName } from "../sockets/socket-name.ts";
import { Fault, type GuestMemory } from "./memory.ts";
import { ipBytes, readIp } from "./wasmedge-address.ts";

// __wasi_addr_t (wasi_socket_ext.h): kind u32; then four bytes and the port, or eight u16 in host order and the port.
export const wamrAddressBytes = 24;
const kind = { ipv4: 0, ipv6: 1 } as const;
const dataAt = 4;

export function readWamrName(memory: GuestMemory, pointer: number): SocketName {
  const at = memory.check(pointer, wamrAddressBytes);
  const view = memory.view();
  switch (view.getUint32(at, true)) {
    case kind.ipv4:
      return { ip: readIp(memory.bytes(at + dataAt, 4), 4), port: view.getUint16(at + dataAt + 4, true) };
    case kind.ipv6:
      return {
        ip: readIp(swapped(memory.bytes(at + dataAt, 16)), 6),
        port: view.getUint16(at + dataAt + 16, true),
      };
    default:
      throw new Fault(errno.AFNOSUPPORT);
  }
}

/** The caller has checked that there is room. A unix name, which this dialect has no form for, is the unspecified address. */
export function writeWamrName(memory: GuestMemory, pointer: number, name: SocketName): void {
  const at = memory.check(pointer, wamrAddressBytes);
  const { ip, port } = "ip" in name ? name : { ip: "0.0.0.0", port: 0 };
  const bytes = ipBytes(ip);
  const target = memory.bytes(at, wamrAddressBytes).fill(0);
  target[0] = bytes.length === 4 ? kind.ipv4 : kind.ipv6;
  target.set(bytes.length === 4 ? bytes : swapped(bytes), dataAt);
  memory.setU16(at + dataAt + bytes.length, port);
}

function swapped(bytes: Uint8Array): Uint8Array {
  return Buffer.from(bytes).swap16();
}
