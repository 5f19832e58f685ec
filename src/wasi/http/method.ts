/** `method` of wasi:http/types. */
export type Method =
  | { readonly tag: KnownMethod; readonly val: undefined }
  | { readonly tag: "other"; readonly val: string };

type KnownMethod = "get" | "head" | "post" | "put" | "delete" | "connect" | "options" | "trace" | "patch";

const known: readonly KnownMethod[] = ["get", "head", "post", "put", "delete", "connect", "options", "trace", "patch"];
const byText: ReadonlyMap<string, Method> = new Map(
  known.map((tag) => [tag.toUpperCase(), { tag, val: undefined }] as const),
);
const byTag: ReadonlyMap<string, string> = new Map(known.map((tag) => [tag, tag.toUpperCase()]));

const methodBytesMax = 256;
const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export const getMethod: Method = { tag: "get", val: undefined };

export function methodOf(text: string): Method {
  return byText.get(text) ?? { tag: "other", val: text };
}

/** What goes onto the wire. */
export function methodText(method: Method): string {
  return method.tag === "other" ? method.val : (byTag.get(method.tag) as string);
}

/** Whether it is one at all (RFC 9110 §9.1). */
export function isMethod(method: Method): boolean {
  return method.tag !== "other" || (method.val.length <= methodBytesMax && tokenPattern.test(method.val));
}
