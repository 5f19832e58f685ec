/** What stands for `result<T, E>` (component/types.ts). */
export type WitResult<T, E> = { readonly tag: "ok"; readonly val: T } | { readonly tag: "err"; readonly val: E };

/** Of `result<_, E>`. */
export const done: { readonly tag: "ok"; readonly val: undefined } = { tag: "ok", val: undefined };

export function ok<T>(val: T): { readonly tag: "ok"; readonly val: T } {
  return { tag: "ok", val };
}

export function err<E>(val: E): { readonly tag: "err"; readonly val: E } {
  return { tag: "err", val };
}
