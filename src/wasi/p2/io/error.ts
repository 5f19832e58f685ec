import type { HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import type { IoError } from "../io-error.ts";

const functions = {
  "[method]error.to-debug-string": (self: IoError) => self.message,
  "[resource-drop]error": () => {},
};

export const ioError: HostInterface<P2Host> = {
  name: "wasi:io/error",
  version: "0.2",
  wit: `
    interface error {
      resource error {
        to-debug-string: func() -> string;
      }
    }`,
  blocking: [],
  functions: () => functions,
};
