import { WarrenError } from "../base/errors.ts";
import type { ModuleCaps } from "./caps.ts";

/** `\0asm` */
const magic = [0x00, 0x61, 0x73, 0x6d] as const;

/** Files that people hand in by mistake, by their first bytes. */
const otherFormats: readonly { readonly starts: string; readonly what: string; readonly hint: string }[] = [
  {
    starts: "\x7fELF",
    what: "a native Linux program",
    hint: "Compile it for WebAssembly with WASI, e.g. GOOS=wasip1 GOARCH=wasm.",
  },
  { starts: "\x1f\x8b", what: "a gzip file", hint: "Unpack it first." },
  { starts: "PK\x03\x04", what: "a zip file", hint: "Unpack it first." },
  {
    starts: "\xcf\xfa\xed\xfe",
    what: "a native macOS program",
    hint: "Compile it for WebAssembly with WASI, e.g. GOOS=wasip1 GOARCH=wasm.",
  },
  { starts: "(module", what: "WebAssembly as text", hint: "Translate it with wat2wasm first." },
  { starts: "(component", what: "WebAssembly as text", hint: "Translate it with wasm-tools parse first." },
];

/** Checks the size, the magic number and the version (WebAssembly 3.0, 5.5.17). */
export function checkPreamble(bytes: Uint8Array, caps: ModuleCaps): void {
  if (bytes.length > caps.moduleBytes) {
    throw new WarrenError(
      "module.too-large",
      `the module has ${bytes.length} bytes, the limit is ${caps.moduleBytes}`,
      {
        at: caps.moduleBytes,
        status: 413,
        hint: "Strip its debug information and names, e.g. with wasm-strip or -ldflags=-s.",
      },
    );
  }
  if (bytes.length === 0) throw notWasm("the file is empty", "Compile or copy it again.");
  const magicLength = Math.min(bytes.length, magic.length);
  for (let i = 0; i < magicLength; i++) {
    if (bytes[i] !== magic[i]) throw unknownFile(bytes);
  }
  if (bytes.length < 8) {
    throw new WarrenError("module.truncated", `the module ends at 0x${bytes.length} in its header of 8 bytes`, {
      at: bytes.length,
      hint: "The file was cut off: copy, download or compile it again.",
    });
  }
  // Component model, Binary.md: a 16-bit version, then a 16-bit layer that is 0 for modules and 1 for components.
  const version = bytes[4]! + bytes[5]! * 256;
  const layer = bytes[6]! + bytes[7]! * 256;
  if (layer === 1)
    throw notWasm("a component stands where a core module is expected", "Look at how it was put together.", 4);
  if (version !== 1 || layer !== 0) {
    const found = Buffer.from(bytes.subarray(4, 8)).toString("hex");
    throw notWasm(
      `the module's version at 0x4 is ${found}, expected 01000000`,
      "Compile it for WebAssembly 1.0 or later.",
      4,
    );
  }
}

function unknownFile(bytes: Uint8Array): WarrenError {
  const start = Buffer.from(bytes.subarray(0, 16)).toString("latin1");
  const format = otherFormats.find(({ starts }) => start.startsWith(starts));
  const found = Buffer.from(bytes.subarray(0, 4)).toString("hex");
  return notWasm(
    format
      ? `the file is ${format.what}, not a WebAssembly module`
      : `the file starts with ${found}, a WebAssembly module with 0061736d`,
    format?.hint ?? "Hand in a .wasm file.",
  );
}

function notWasm(message: string, hint: string, at = 0): WarrenError {
  return new WarrenError("module.not-wasm", message, { at, hint });
}
