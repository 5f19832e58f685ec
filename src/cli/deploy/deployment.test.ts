import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { WarrenError } from "../../base/errors.ts";
import { findDeployment, nameFromFile, specOf } from "./deployment.ts";

const root = mkdtempSync(join(tmpdir(), "warren-deployment-"));
after(() => rmSync(root, { recursive: true, force: true }));

let folder = root;
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
});

const digest = `sha256:${"0".repeat(64)}` as const;

function put(name: string, text = ""): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

function code(expected: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof WarrenError, String(error));
    assert.equal(error.code, expected, error.message);
    return true;
  };
}

test("findDeployment() takes a bare program, named for its file", () => {
  const program = put("My_Shop.wasm");
  assert.deepEqual(specOf(findDeployment(program), digest), {
    name: "my-shop",
    program: digest,
  });
});

test("findDeployment() finds a folder's manifest, and resolves what it names against the folder", () => {
  const manifest = put(
    "warren.toml",
    'name = "shop"\nprogram = "bin/shop.wasm"\n[[mount]]\nsource = "./data"\ntarget = "/data"\n',
  );
  const expected = findDeployment(folder);
  assert.equal(expected.program, join(folder, "bin/shop.wasm"));
  assert.deepEqual(specOf(expected, digest).mount, [{ source: join(folder, "data"), target: "/data" }]);
  assert.deepEqual(findDeployment(manifest), expected);
});

test("findDeployment() of a program uses the manifest beside it only if that names it", () => {
  put("warren.toml", 'name = "shop"\nprogram = "a.wasm"\n[[route]]\nhost = "example.com"\n');
  assert.equal(findDeployment(put("a.wasm")).manifest.name, "shop");
  assert.equal(findDeployment(put("b.wasm")).manifest.name, "b");
});

test("findDeployment() of a folder without a manifest takes its only program", () => {
  assert.throws(() => findDeployment(folder), code("deploy.nothing"));
  put("a.wasm");
  assert.equal(findDeployment(folder).manifest.name, "a");
  put("b.wasm");
  assert.throws(() => findDeployment(folder), code("deploy.nothing"));
});

test("findDeployment() says what is not there, and passes a manifest's mistakes on", () => {
  assert.throws(() => findDeployment(join(folder, "no.wasm")), code("deploy.nothing"));
  put("warren.toml", 'name = "shop"\nprogam = "a.wasm"\n');
  assert.throws(
    () => findDeployment(folder),
    (error) => error instanceof WarrenError && error.code.startsWith("manifest."),
  );
});

test("nameFromFile() makes a DNS label", () => {
  for (const [file, name] of [
    ["shop.wasm", "shop"],
    ["/a/My_Shop.v2.WASM", "my-shop-v2"],
    ["--x--.wasm", "x"],
    [`${"a".repeat(62)}-b.wasm`, "a".repeat(62)],
    ["größe.wasm", "gr-e"],
  ] as const) {
    assert.equal(nameFromFile(file), name);
  }
  assert.throws(() => nameFromFile("日本.wasm"), code("deploy.no-name"));
});
