import { WarrenError } from "../base/errors.ts";

const handlerNames = ["wasi:http/incoming-handler@0.", "wasi:http/handler@0."];
const exportSection = 11;

/** Throws `program.component-unsupported`, saying what kind of component it is where that can be told. */
export function refuseComponent(bytes: Uint8Array): never {
  const handler = exportedHandler(bytes);
  const what = handler === undefined ? "a component" : `a component that exports ${handler}`;
  throw new WarrenError(
    "program.component-unsupported",
    `the program is ${what}, but this release runs core modules of WASI preview 1 only`,
    {
      at: 4,
      hint: "Build it for preview 1: --target wasm32-wasip1, GOOS=wasip1, or without wasm-tools component new.",
    },
  );
}

/** Searches the export sections of the outer component (Component model, Binary.md) for the name of an HTTP handler. */
function exportedHandler(bytes: Uint8Array): string | undefined {
  let at = 8;
  while (at < bytes.length) {
    const id = bytes[at++];
    let length = 0;
    for (let shift = 0; shift < 35 && at < bytes.length; shift += 7) {
      const byte = bytes[at++]!;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    if (id === exportSection) {
      const text = Buffer.from(bytes.subarray(at, at + length)).toString("latin1");
      const name = handlerNames.find((start) => text.includes(start));
      if (name !== undefined) return name.slice(0, name.indexOf("@"));
    }
    at += length;
  }
  return undefined;
}
