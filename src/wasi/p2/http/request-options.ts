import type { CallTimeouts } from "../../http/call.ts";
import { ok, type WitResult } from "../result.ts";

/** As long as a guest that says nothing waits. */
const defaults: CallTimeouts = { connectMs: 60_000, firstByteMs: 600_000, betweenBytesMs: 600_000 };
const done: WitResult<undefined, undefined> = ok(undefined);

/** `request-options` of wasi:http/types. Durations in nanoseconds. */
export class RequestOptions {
  connectTimeout: bigint | undefined;
  firstByteTimeout: bigint | undefined;
  betweenBytesTimeout: bigint | undefined;

  set(name: "connectTimeout" | "firstByteTimeout" | "betweenBytesTimeout", value: bigint | undefined): typeof done {
    this[name] = value;
    return done;
  }
}

export function timeoutsOf(options: RequestOptions | undefined): CallTimeouts {
  return {
    connectMs: milliseconds(options?.connectTimeout) ?? defaults.connectMs,
    firstByteMs: milliseconds(options?.firstByteTimeout) ?? defaults.firstByteMs,
    betweenBytesMs: milliseconds(options?.betweenBytesTimeout) ?? defaults.betweenBytesMs,
  };
}

function milliseconds(duration: bigint | undefined): number | undefined {
  return duration === undefined ? undefined : Number((duration + 999_999n) / 1_000_000n);
}
