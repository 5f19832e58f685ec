/**
 * Types whose contents get smaller by compression: text, and what is text by another name. What is not named here is left
 * alone: most of it is compressed already.
 */
const compressibleType =
  /^(?:text\/[\w.+-]+|[\w.-]+\/[\w.-]+\+(?:json|xml|yaml|text)|application\/(?:json|json5|ndjson|x-ndjson|jsonl|javascript|ecmascript|xml|yaml|toml|wasm|graphql|rtf|sql|vnd\.ms-fontobject|vnd\.apple\.mpegurl|x-www-form-urlencoded)|font\/(?:ttf|otf|collection)|image\/(?:bmp|vnd\.microsoft\.icon|x-icon)|audio\/(?:wav|midi))$/;

/** Whether a value of Content-Type names such a type. */
export function isCompressibleType(contentType: string): boolean {
  const end = contentType.indexOf(";");
  return compressibleType.test((end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase());
}
