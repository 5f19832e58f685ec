/** Fills a buffer with random bytes that nobody can predict, unless a test wants them predictable. */
export type RandomSource = (target: Uint8Array) => void;

/** The host's cryptographic generator. */
export const systemRandom: RandomSource = (target) => {
  // Not a static import: loading node:crypto takes milliseconds, and many programs never ask for randomness.
  process.getBuiltinModule("node:crypto").randomFillSync(target);
};
