import { randomBytes } from "node:crypto";

/** The same program under another digest, which nobody has seen: a custom section with random bytes at its end. */
export function uniqueProgram(program: Uint8Array): Uint8Array {
  const name = Buffer.from("bench");
  const payload = Buffer.concat([Buffer.from([name.length]), name, randomBytes(16)]);
  // Core specification §5.5.3: section id 0, size, name, bytes.
  return Buffer.concat([program, Buffer.from([0, payload.length]), payload]);
}
