// (module (func (export "t") unreachable))
const bytes = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 0x74, 0, 0, 10, 5, 1, 3, 0, 0, 11,
]);
const { t: trap } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as { t: () => void };

/**
 * An error that ends a guest whatever handlers it has. What a host function throws is caught by a guest's `catch_all`; a
 * trap is not, also when the host throws it on (exception handling proposal, "traps are not caught"; V8 marks the object).
 */
export function uncatchableError(message: string): Error {
  try {
    trap();
  } catch (error) {
    (error as Error).message = message;
    return error as Error;
  }
  throw new Error("unreachable was reached");
}
