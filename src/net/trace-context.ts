// W3C Trace Context, https://www.w3.org/TR/trace-context/, of which the front is a party that passes on: it records no spans, so
// it neither changes what is valid nor begins a trace whose parent nobody has.

/** §3.2.2: version, trace id, parent id and flags in lower case; more behind another `-` from a later version only. */
const pattern = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

/** Whether a `traceparent` may go on; one that may not goes with its `tracestate` (§3.2.2.5, §4.3). */
export function isTraceparent(value: string): boolean {
  const [, version, , more] = pattern.exec(value) ?? [];
  return version !== undefined && (version !== "00" || more === undefined);
}

/** The trace that a valid `traceparent` names, `""` for any other. */
export function traceIdOf(value: string | undefined): string {
  return value !== undefined && isTraceparent(value) ? value.slice(3, 35) : "";
}
