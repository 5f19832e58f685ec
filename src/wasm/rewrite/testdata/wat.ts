/** A module from WebAssembly text. */
export async function wat(text: string): Promise<Uint8Array> {
  // Not a static import: it takes half a second to load.
  const { default: binaryen } = await import("binaryen");
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.All);
  try {
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}
