import type { HostInterface } from "../../../component/host.ts";
import { OpenDirectory } from "../../files/open-directory.ts";
import type { P2Host } from "../host.ts";
import { SharedDescriptor } from "../shared-descriptor.ts";
import { FileDescriptor } from "./file-descriptor.ts";

export const preopens: HostInterface<P2Host> = {
  name: "wasi:filesystem/preopens",
  version: "0.2",
  wit: `
    interface preopens {
      use wasi:filesystem/types.{descriptor};
      get-directories: func() -> list<tuple<descriptor, string>>;
    }`,
  blocking: [],
  functions: (host) => ({ "get-directories": () => directories(host) }),
};

function directories(host: P2Host): [descriptor: FileDescriptor, path: string][] {
  const { table } = host;
  const found: [FileDescriptor, string][] = [];
  for (const [fd, directory] of table.entries()) {
    if (!(directory instanceof OpenDirectory) || directory.preopen === undefined) continue;
    found.push([new FileDescriptor(host, SharedDescriptor.kept(table, fd, directory)), directory.preopen]);
  }
  return found;
}
