import { uncatchableError } from "../uncatchable.ts";

/** Ends the guest for a call that its interface's definition says traps. */
export function trap(message: string): never {
  throw uncatchableError(message);
}
