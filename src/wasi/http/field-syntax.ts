const namePattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// RFC 9110 §5.5, field-value with obs-text; what could end a line is not in it.
const valuePattern = /^[\t\x20-\x7e\x80-\xff]*$/;
const lengthPattern = /^[0-9]{1,15}$/;

/**
 * Names of fields that say how a message travels, which is the host's to say: a guest neither sets nor sees them (wasi:http, "forbidden
 * headers", which leaves the list to the host; it is wasmtime's).
 */
const forbidden: ReadonlySet<string> = new Set([
  "connection",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

export function isFieldName(name: string): boolean {
  return namePattern.test(name);
}

/** `key`: a field's name in lower case. */
export function isForbidden(key: string): boolean {
  return forbidden.has(key);
}

/** A field's value as text, one character a byte; undefined when it is not valid for the field of this name in lower case. */
export function fieldValueOf(key: string, bytes: Uint8Array): string | undefined {
  const text = latin1Slice.call(bytes, 0, bytes.length);
  if (!valuePattern.test(text)) return undefined;
  return key === "content-length" && !lengthPattern.test(text) ? undefined : text;
}

/** The inverse of {@link fieldValueOf}. */
export function fieldBytesOf(value: string): Uint8Array {
  return Buffer.from(value, "latin1");
}

// Quicker than any loop, and it takes any array of bytes.
const { latin1Slice } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, from: number, to: number): string;
};
