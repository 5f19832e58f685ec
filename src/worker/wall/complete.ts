import type { WallArguments } from "../protocol.ts";
import { hideMemory } from "./process.ts";
import { sealSystemCalls } from "./seccomp.ts";

/** What the launcher cannot do for the process that it becomes; the first statement of that process. */
export function completeWall({ hide, seal }: WallArguments): void {
  if (hide) hideMemory();
  if (seal) sealSystemCalls();
}
