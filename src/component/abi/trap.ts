// (module (func (export "t") unreachable))
const bytes = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 0x74, 0, 0, 10, 5, 1, 3, 0, 0, 11,
]);

/**
 * A trap: an error that ends a guest whatever handlers it has. What the host throws is caught by a guest's `catch_all`; what
 * wasm trapped with is not, also when the host throws it on (exception handling proposal, "traps are not caught"; V8 marks
 * the object).
 */
export function makeTrap(message: string): WebAssembly.RuntimeError {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  try {
    (instance.exports.t as () => void)();
  } catch (error) {
    const trap = error as WebAssembly.RuntimeError;
    trap.message = message;
    trap.stack = `${trap.name}: ${message}\n${new Error().stack?.split("\n").slice(2).join("\n") ?? ""}`;
    return trap;
  }
  throw new Error("unreachable was reached");
}
