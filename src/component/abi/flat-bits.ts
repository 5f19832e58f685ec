// A core value of a variant's place that holds several types is their bits (CanonicalABI.md, lift_flat_variant).
const scratch = new DataView(new ArrayBuffer(8));

/** Any number as one that is not a NaN with a payload: V8 passes those on as they are. */
export const plain = (value: number): number => (Number.isNaN(value) ? Number.NaN : value);

export const low32 = (value: bigint): number => Number(BigInt.asIntN(32, value));

/** An i32 in an i64: its upper half is zero. */
export const wide = (value: number): bigint => BigInt(value >>> 0);

export function f32OfBits(bits: number): number {
  scratch.setInt32(0, bits);
  return scratch.getFloat32(0);
}

export function f64OfBits(bits: bigint): number {
  scratch.setBigInt64(0, bits);
  return scratch.getFloat64(0);
}

export function bitsOfF32(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getInt32(0);
}

export function bitsOfF64(value: number): bigint {
  scratch.setFloat64(0, value);
  return scratch.getBigInt64(0);
}
