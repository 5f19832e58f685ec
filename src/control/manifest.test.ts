import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { digestOf } from "../base/digest.ts";
import { WarrenError } from "../base/errors.ts";
import { parseManifest, specOf } from "./manifest.ts";
import { head, mistakes } from "./manifest-mistakes.suite.ts";

const file = "warren.toml";

function mistakeOf(text: string): string {
  try {
    parseManifest(text, { file });
  } catch (error) {
    assert.ok(error instanceof WarrenError, String(error));
    return [error.code, error.message, ...(error.hint === undefined ? [] : [error.hint])].join(" | ");
  }
  return "no error";
}

describe("parseManifest()", () => {
  it("says what is wrong, where, and what to do", () => {
    for (const [text, expected] of mistakes) assert.equal(mistakeOf(text), expected, text);
  });

  it("takes everything that a manifest can say", () => {
    const text = `
      name = "shop"
      program = "build/shop.wasm"
      kind = "server"
      args = ["--verbose", ""]
      env = { LOG = "info", EMPTY = "" }
      [[route]]
      host = "shop.example.com"
      path = "/api/"
      port = 8080
      [[route]]
      host = "*.example.com"
      ip = "2001:db8::1"
      [[route]]
      listen = "udp://[::1]:53"
      port = 5353
      [[mount]]
      source = "./data"
      target = "/data"
      mode = "rw"
      [limits]
      memory = "64MiB"`;
    const manifest = parseManifest(text, { file });
    assert.equal(manifest.route?.length, 3);
    assert.deepEqual({ ...manifest.env }, { LOG: "info", EMPTY: "" });
  });

  it("refuses a manifest that is too large before it reads it", () => {
    assert.match(mistakeOf("#".repeat(1024 * 1024 + 1)), /^manifest\.too-large \| /);
  });

  it("gives a JSON pointer for programs", () => {
    assert.throws(() => parseManifest(`${head}[[route]]\n"a/b~" = 1`, { file }), { at: "/route/0/a~1b~0" });
  });
});

describe("specOf()", () => {
  it("names the program by its digest and mounts from the manifest's directory", () => {
    const digest = digestOf(Buffer.from("x"));
    const text = `${head}[[mount]]\nsource = "../data"\ntarget = "/a"\n[[mount]]\nsource = "/srv"\ntarget = "/b"`;
    const spec = specOf(parseManifest(text, { file }), { directory: "/home/me/shop", digest });
    assert.equal(spec.program, digest);
    assert.deepEqual(
      spec.mount?.map(({ source }) => source),
      ["/home/me/data", "/srv"],
    );
  });
});
