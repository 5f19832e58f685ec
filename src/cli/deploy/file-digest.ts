import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type Digest, parseDigest } from "../../base/digest.ts";
import { systemCode, WarrenError } from "../../base/errors.ts";

const magic = "\0asm";

/** The digest of a program's file, read in pieces. Throws `deploy.nothing`, `deploy.unreadable`, `deploy.not-wasm`. */
export async function programDigest(path: string): Promise<Digest> {
  const hash = createHash("sha256");
  let start = "";
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
      if (start.length < magic.length) start += chunk.toString("latin1", 0, magic.length - start.length);
      // A wrong file (a source, a native binary) is told here, before it is sent anywhere.
      if (!magic.startsWith(start.slice(0, magic.length))) throw notWasm(path);
      hash.update(chunk);
    }
  } catch (error) {
    if (error instanceof WarrenError) throw error;
    const code = systemCode(error);
    if (code === "ENOENT") {
      const hint = "build the program first; `program` in the manifest is relative to the manifest's folder";
      throw new WarrenError("deploy.nothing", `there is no program ${path}`, { hint, cause: error });
    }
    throw new WarrenError("deploy.unreadable", `cannot read ${path} (${code ?? String(error)})`, { cause: error });
  }
  if (start.length < magic.length) throw notWasm(path);
  return parseDigest(`sha256:${hash.digest("hex")}`);
}

function notWasm(path: string): WarrenError {
  return new WarrenError("deploy.not-wasm", `${path} is not a WebAssembly program`, {
    hint: "compile for wasm, for example: GOOS=wasip1 GOARCH=wasm go build -o shop.wasm",
  });
}
