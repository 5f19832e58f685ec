import type { StoreCall } from "../../worker/protocol.ts";

/** What a worker says that a guest wants, as far as it is that: the worker may have been taken over. */
export function parseStoreCall(value: unknown): StoreCall | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const call = value as Record<string, unknown>;
  switch (call.do) {
    case "get":
    case "delete":
      return isTexts(call.keys) ? { do: call.do, keys: call.keys } : undefined;
    case "exists":
      return isText(call.key) ? { do: "exists", key: call.key } : undefined;
    case "set": {
      const { entries } = call;
      const are = (one: unknown): one is [string, string] => isTexts(one) && one.length === 2;
      return Array.isArray(entries) && entries.every(are) ? { do: "set", entries } : undefined;
    }
    case "list":
      return isNumber(call.after) ? { do: "list", after: call.after } : undefined;
    case "increment":
      return isText(call.key) && isNumber(call.by) ? { do: "increment", key: call.key, by: call.by } : undefined;
    default:
      return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText);
}

/** A u64, about: what is larger is found to be too large as a number. */
function isNumber(value: unknown): value is string {
  return typeof value === "string" && /^[0-9]{1,20}$/.test(value);
}
