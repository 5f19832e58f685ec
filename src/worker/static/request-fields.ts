import type { TargetRequest } from "../../net/target.ts";
import type { Conditions } from "./preconditions.ts";

/** What a request for a file says besides its path. */
export interface RequestFields extends Conditions {
  readonly accept?: string | undefined;
  readonly acceptEncoding?: string | undefined;
  readonly range?: string | undefined;
}

type Key = keyof RequestFields;

const keys: ReadonlyMap<string, Key> = new Map([
  ["accept", "accept"],
  ["accept-encoding", "acceptEncoding"],
  ["range", "range"],
  ["if-match", "ifMatch"],
  ["if-unmodified-since", "ifUnmodifiedSince"],
  ["if-none-match", "ifNoneMatch"],
  ["if-modified-since", "ifModifiedSince"],
  ["if-range", "ifRange"],
]);

/** Several lines of one field are one list (RFC 9110 §5.3); of a field that is none, that makes no sense and is ignored. */
export function requestFields(headers: TargetRequest["headers"]): RequestFields {
  const fields: Partial<Record<Key, string>> = {};
  for (const [name, value] of headers) {
    const key = keys.get(name);
    if (key !== undefined) fields[key] = fields[key] === undefined ? value : `${fields[key]}, ${value}`;
  }
  return fields;
}
