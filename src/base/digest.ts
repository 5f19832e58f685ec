import { createHash } from "node:crypto";
import { WarrenError } from "./errors.ts";

/** `sha256:` and 64 lower-case hexadecimal digits: the name of a program's bytes (OCI image specification, descriptor). */
export type Digest = `sha256:${string}`;

const pattern = /^sha256:[0-9a-f]{64}$/;

/** Checks text from outside. Throws `digest.invalid`. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) {
    throw new WarrenError(
      "digest.invalid",
      `"${text.slice(0, 80)}" is not a digest: expected sha256: and 64 lower-case hexadecimal digits`,
    );
  }
  return text;
}

export function isDigest(text: string): text is Digest {
  return pattern.test(text);
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
