import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { HostInterface } from "../../component/host.ts";
import { hostTypes } from "../../component/host-types.ts";
import { interfaces } from "./bind.ts";
import { testHost } from "./testdata/test-host.ts";

type Declaration = Pick<HostInterface<never>, "name" | "version" | "wit">;

/** The packages of WASI 0.2.12 as jco brings them. */
const folder = join(import.meta.dirname, "../../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12");

/** The interfaces of a file with one package, made to read as ours: other interfaces by their whole names, without versions and gates. */
function declarations(path: string): Declaration[] {
  const text = readFileSync(path, "utf8")
    .replace(/\/\/.*$/gm, "")
    .replace(/@(since|unstable|deprecated)\([^)]*\)/g, "")
    .replace(/@0\.2\.\d+/g, "");
  const name = /package ([^;]+);/.exec(text)![1]!;
  const found: Declaration[] = [];
  for (const { index, 1: interfaceName = "" } of text.matchAll(/^\s*interface ([a-z0-9-]+) \{/gm)) {
    let end = text.indexOf("{", index) + 1;
    for (let depth = 1; depth > 0; end++) depth += text[end] === "{" ? 1 : text[end] === "}" ? -1 : 0;
    const wit = text.slice(index, end).replace(/\buse ([a-z-]+)\.\{/g, `use ${name}/$1.{`);
    found.push({ name: `${name}/${interfaceName}`, version: "0.2", wit });
  }
  return found;
}

test("every interface is declared as WASI 0.2 declares it", () => {
  const official = readdirSync(folder).flatMap((name) => declarations(join(folder, name, "package.wit")));
  const theirs = hostTypes(official);
  const ours = hostTypes(interfaces);
  const compared: string[] = [];
  for (const { name, version } of interfaces) {
    const declared = theirs.find(name, "0.2");
    if (declared === undefined) continue;
    compared.push(name);
    const offered = ours.find(name, version)!;
    assert.deepEqual(new Set(offered.functions.keys()), new Set(declared.functions.keys()), name);
    for (const [one, type] of declared.functions) assert.deepEqual(offered.functions.get(one), type, `${name} ${one}`);
    assert.deepEqual(new Set(offered.types.keys()), new Set(declared.types.keys()), name);
    for (const [one, type] of declared.types) assert.deepEqual(offered.types.get(one), type, `${name} ${one}`);
  }
  assert.equal(compared.length, 27);
  // What jco has besides: the entry points, and what is unstable.
  const missing = official.map(({ name }) => name).filter((name) => ours.versions(name).length === 0);
  assert.deepEqual(
    missing.filter((name) => !name.startsWith("wasi:http/")),
    ["wasi:cli/run", "wasi:clocks/timezone"],
  );
});

test("every function and every resource of a declaration is there, and nothing else", () => {
  const host = testHost();
  for (const one of interfaces) {
    const { functions, types } = hostTypes(interfaces).find(one.name, one.version)!;
    const own = [...types].flatMap(([name, type]) =>
      type.kind === "resource" && type.resource.origin === "host" && type.resource.interface === one.name ? [name] : [],
    );
    const expected = [...functions.keys(), ...own.map((name) => `[resource-drop]${name}`)];
    assert.deepEqual(new Set(Object.keys(one.functions(host))), new Set(expected), one.name);
    for (const name of one.blocking) assert.ok(functions.has(name), `${one.name} ${name}`);
  }
});
