import { WarrenError } from "../base/errors.ts";

const pattern = /^([0-9]+(?:\.[0-9]+)?)(B|KiB|MiB|GiB|kB|MB|GB)?$/;
const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  kB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
};

/** `64MiB`, `1.5GB`, `4096` → bytes. Throws `size.invalid`. */
export function parseSize(text: string): number {
  const [, number, unit = "B"] = pattern.exec(text) ?? [];
  if (number === undefined) {
    throw new WarrenError(
      "size.invalid",
      `"${text.slice(0, 40)}" is not a size: expected a number and KiB, MiB or GiB, such as 64MiB`,
    );
  }
  const bytes = Math.floor(Number(number) * (unitBytes[unit] ?? 0));
  if (!Number.isSafeInteger(bytes)) throw new WarrenError("size.invalid", `"${text.slice(0, 40)}" is too large a size`);
  return bytes;
}
