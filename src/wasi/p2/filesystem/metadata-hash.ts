import type { FileStatus } from "../../files/status.ts";

/** `wasi:filesystem/types.metadata-hash-value` */
export interface MetadataHash {
  readonly lower: bigint;
  readonly upper: bigint;
}

/**
 * The lower half says which file it is, the upper half in which state. The adapter of preview 1 (wasi-preview1-component-adapter, `filestat`) makes a
 * file's inode number of the lower half, which is to stay while the file is written to. Nothing is hidden by it: preview 1 tells devices and
 * inodes themselves.
 */
export function metadataHash({ device, inode, size, modified, changed }: FileStatus): MetadataHash {
  const lower = BigInt.asUintN(64, mix(device) ^ inode);
  return { lower, upper: mix(mix(mix(lower ^ size) ^ modified) ^ changed) };
}

/** The finalizer of splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators"), a permutation of 64 bits. */
function mix(value: bigint): bigint {
  let mixed = BigInt.asUintN(64, value + 0x9e3779b97f4a7c15n);
  mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n);
  mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
  return mixed ^ (mixed >> 31n);
}
