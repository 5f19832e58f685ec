import type { KeyValueAnswer, KeyValueOutcome } from "../../keyvalue/key-value-store.ts";
import { waitFor } from "../../transfer.ts";
import type { P2Host } from "../host.ts";

/** An answer as the guest gets it, which is suspended until it is there. */
export function answer<T, R>(
  host: P2Host,
  given: KeyValueAnswer<T>,
  tell: (value: T) => R,
): KeyValueOutcome<R> | Promise<KeyValueOutcome<R>> {
  const told = (outcome: KeyValueOutcome<T>): KeyValueOutcome<R> =>
    outcome.tag === "ok" ? { tag: "ok", val: tell(outcome.val) } : outcome;
  return given instanceof Promise ? waitFor(host, given, told) : told(given);
}
