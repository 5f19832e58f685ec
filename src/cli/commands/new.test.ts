import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { requireToolchain } from "../../../test/guests/build.ts";
import { bundle } from "../build/javascript/bundle.ts";
import { findJco } from "../build/jco.ts";
import { templates } from "../build/template.ts";
import { warren } from "../command-process.suite.ts";

const root = join(import.meta.dirname, "../../..");
const folder = mkdtempSync(join(tmpdir(), "warren-new-"));
// What a project installs by npm is this checkout's here.
symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
// What was compiled before need not be once more.
const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
const env = {
  GOCACHE: process.env.GOCACHE ?? join(homedir(), ".cache/go-build"),
  CARGO_HOME: process.env.CARGO_HOME ?? join(homedir(), ".cargo"),
  XDG_CACHE_HOME: cache,
};
after(() => rmSync(folder, { recursive: true, force: true }));

const made = async (template: string, name: string): Promise<string> => {
  const path = join(folder, name);
  const { code, stderr } = await warren(["new", template, path]);
  assert.equal(code, 0, stderr);
  return path;
};

for (const [template, kind, language] of [
  ["c", "component", "c"],
  ["rust", "component", "rust"],
  ["go", "module", "go"],
] as const) {
  test(`new ${template} makes a project that builds under its own name`, async (t) => {
    if (!(await requireToolchain(t, language))) return;
    const project = await made(template, `my-${template}`);
    const output = join(project, `my-${template}.wasm`);
    const built = await warren(["build", "--json", "-o", output, project], env);
    assert.equal(built.code, 0, built.stderr);
    assert.equal((JSON.parse(built.stdout) as { component: boolean }).component, kind === "component");
    const manifest = readFileSync(join(project, "warren.toml"), "utf8");
    assert.match(manifest, new RegExp(`^name = "my-${template}"\nprogram = "my-${template}\\.wasm"$`, "m"));
    assert.match(manifest, new RegExp(`host = "my-${template}\\.localhost"`));
  });
}

test("new typescript makes a project that can be bundled", async () => {
  const project = await made("typescript", "my-app");
  const { name } = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as { name: string };
  assert.equal(name, "my-app");
  assert.ok(!existsSync(join(project, "node_modules")) && !existsSync(join(project, "README.md")));
  const jco = findJco(project);
  assert.ok(jco !== undefined, "run npm ci");
  const script = await bundle(join(project, "src/index.ts"), jco.folder);
  assert.match(script, /addEventListener\("fetch"/);
  assert.doesNotMatch(script, /^import /m);
});

test("new tells what it cannot do, and leaves what is there alone", async () => {
  assert.match((await warren(["new", "cobol", join(folder, "x")])).stderr, /c, go, rust, typescript/);
  assert.match((await warren(["new", "c", join(folder, "Not_A_Name")])).stderr, /\(new\.bad-name\)/);
  writeFileSync(join(folder, "mine.txt"), "");
  assert.match((await warren(["new", "c", folder])).stderr, /\(new\.bad-name\)|\(new\.not-empty\)/);
  const full = await made("c", "twice");
  assert.match((await warren(["new", "c", full])).stderr, /\(new\.not-empty\)/);
});

test("every template is there, and its folder names itself", () => {
  for (const { folder: source, calls } of Object.values(templates))
    assert.match(readFileSync(join(root, source, "warren.toml"), "utf8"), new RegExp(`^name = "${calls}"$`, "m"));
});
