import { errno } from "../errno.ts";
import type { Host } from "./host.ts";

/** Arguments and environment. */
export function environmentFunctions({ args, env, memory }: Host) {
  const argBlock = pack(args);
  const envBlock = pack(env);

  function sizes({ offsets, bytes }: Block, countAt: number, sizeAt: number): number {
    memory.check(sizeAt, 4);
    memory.setU32(countAt, offsets.length);
    memory.setU32(sizeAt, bytes.length);
    return errno.SUCCESS;
  }

  function copy({ offsets, bytes }: Block, pointersAt: number, textAt: number): number {
    memory.bytes(textAt, bytes.length).set(bytes);
    const pointers = memory.check(pointersAt, offsets.length * 4);
    const view = memory.view();
    for (const [i, offset] of offsets.entries()) view.setUint32(pointers + i * 4, textAt + offset, true);
    return errno.SUCCESS;
  }

  return {
    args_get: (pointersAt: number, textAt: number) => copy(argBlock, pointersAt, textAt),
    args_sizes_get: (countAt: number, sizeAt: number) => sizes(argBlock, countAt, sizeAt),
    environ_get: (pointersAt: number, textAt: number) => copy(envBlock, pointersAt, textAt),
    environ_sizes_get: (countAt: number, sizeAt: number) => sizes(envBlock, countAt, sizeAt),
  };
}

interface Block {
  readonly offsets: readonly number[];
  /** The texts, each with a NUL after it. */
  readonly bytes: Uint8Array;
}

function pack(texts: readonly string[]): Block {
  const offsets: number[] = [];
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const text of texts) {
    const part = Buffer.from(`${text}\0`);
    offsets.push(at);
    parts.push(part);
    at += part.length;
  }
  return { offsets, bytes: Buffer.concat(parts, at) };
}
