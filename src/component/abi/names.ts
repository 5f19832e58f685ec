/** A name of a component's as the string literal that stands for it in generated code. */
export const quote = (name: string): string => JSON.stringify(name);

/** A key of an object literal: `__proto__` would otherwise set the prototype. */
export const key = (name: string): string => (name === "__proto__" ? '["__proto__"]' : quote(name));

/** `[method]output-stream.write` as a part of a function's name, for stack traces. */
export const label = (name: string): string => name.replace(/[^a-zA-Z0-9]+/g, "_").slice(0, 80);

/** A field's name in JavaScript: `content-type` is `contentType`, `HTTP-version` is `httpVersion`. */
export function camelCase(name: string): string {
  return name
    .split("-")
    .map((word, index) =>
      index === 0 ? word.toLowerCase() : word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase(),
    )
    .join("");
}
