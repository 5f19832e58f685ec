import type { ProxiedEnds } from "./header.ts";
import { writeVersion1 } from "./version-1.ts";
import { writeVersion2 } from "./version-2.ts";

export type ProxyVersion = "v1" | "v2";

/** The header that a guest's connection begins with, so that it knows whose it is. */
export function writeProxyHeader(version: ProxyVersion, { remote, local }: ProxiedEnds): Buffer {
  return version === "v1" ? writeVersion1(remote, local) : writeVersion2(remote, local);
}
