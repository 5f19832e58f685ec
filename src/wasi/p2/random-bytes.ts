import type { RandomSource } from "../random.ts";
import { trap } from "./trap.ts";

/** The guest is owed all that it asks for in one call that cannot wait: this takes some 16 ms. */
const bytesMax = 16n * 1024n * 1024n;

export function randomBytes(random: RandomSource, length: bigint): Uint8Array {
  if (length > bytesMax) trap(`${length} random bytes were asked for; ${bytesMax} is the limit of a call`);
  const bytes = Buffer.allocUnsafe(Number(length));
  random(bytes);
  return bytes;
}

export function randomU64(random: RandomSource): bigint {
  const bytes = Buffer.allocUnsafe(8);
  random(bytes);
  return bytes.readBigUInt64LE();
}
