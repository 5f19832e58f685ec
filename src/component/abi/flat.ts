/** How values are passed as core values (CanonicalABI.md, Flattening). */
export type FlatType = "i32" | "i64" | "f32" | "f64";

/** As many core values as parameters may be; more are passed in memory. MAX_FLAT_PARAMS. */
export const flatMax = 16;

/** The core type that holds values of both types at one place of a variant. */
export function joinFlat(a: FlatType | undefined, b: FlatType): FlatType {
  if (a === undefined || a === b) return b;
  return (a === "i32" && b === "f32") || (a === "f32" && b === "i32") ? "i32" : "i64";
}

/** Source of the conversion of a core value that a variant holds as `have` to its case's own `want`. */
export function fromJoined(value: string, have: FlatType, want: FlatType): string {
  if (have === want) return value;
  if (have === "i32") return `R.f32OfBits(${value})`;
  if (want === "i32") return `R.low32(${value})`;
  return want === "f32" ? `R.f32OfBits(R.low32(${value}))` : `R.f64OfBits(${value})`;
}

/** The other direction: what is of type `have` in its case, as `want`. */
export function toJoined(value: string, have: FlatType, want: FlatType): string {
  if (have === want) return value;
  if (want === "i32") return `R.bitsOfF32(${value})`;
  if (have === "i32") return `R.wide(${value})`;
  return have === "f32" ? `R.wide(R.bitsOfF32(${value}))` : `R.bitsOfF64(${value})`;
}
