/** A piece of the wall that cannot be put up ends the launch: nothing may run behind half a wall. */
export function must(what: string, result: number): number {
  if (result < 0) throw new Error(`${what}: errno ${-result}`);
  return result;
}
