import { bindLibc, pointerTo } from "../../base/libc.ts";

/**
 * SHA-256 in hexadecimal. By the OpenSSL that Node carries and exports to native code: its own module for it takes as long to
 * load as half of Node, and this is done at each start of a program.
 */
export function programDigest(bytes: Uint8Array): string {
  try {
    // SHA256(3ssl)
    const { SHA256 } = bindLibc({ SHA256: { arguments: ["pointer", "uint64", "pointer"], return: "pointer" } });
    const digest = Buffer.from(new ArrayBuffer(32));
    SHA256(pointerTo(bytes), BigInt(bytes.length), pointerTo(digest));
    return digest.toString("hex");
  } catch {
    // A Node that was built with another library, or without exporting it.
    return process.getBuiltinModule("node:crypto").hash("sha256", bytes, "hex");
  }
}
