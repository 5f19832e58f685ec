// What Warren offers to components is what the WIT of WASI 0.2 says.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { formatFunctionType } from "../src/component/format-type.ts";
import { hostTypes } from "../src/component/host-types.ts";
import type { FunctionType } from "../src/component/types.ts";
import { interfaces } from "../src/wasi/p2/bind.ts";
import { httpInterfaces } from "../src/wasi/p2/http/interfaces.ts";

const folder = join(import.meta.dirname, "../sdk/wit/deps");
const version = "0.2";

/** The interfaces of a package, each on its own. */
function split(text: string): { readonly name: string; readonly version: string; readonly wit: string }[] {
  const [, packageName = "", packageVersion = ""] = /^package ([^@;]+)@([^;]+)/m.exec(text)!;
  return [...text.matchAll(/^interface ([a-z0-9-]+) \{[\s\S]*?^\}/gm)].map((match) => ({
    name: `${packageName}/${match[1]!}`,
    // Drafts of proposals are as they are named only.
    version: packageVersion.includes("-") ? packageVersion : version,
    wit: match[0],
  }));
}

const standard = globSync("*.wit", { cwd: folder }).flatMap((file) => split(readFileSync(join(folder, file), "utf8")));
const offers = [...interfaces, ...httpInterfaces];
const standardTypes = hostTypes(standard);
const offeredTypes = hostTypes(offers);

test("all interfaces of WASI 0.2 are offered", () => {
  // Components export two of these; the third is marked as unstable, and no world of WASI 0.2 has it.
  const others = new Set(["wasi:cli/run", "wasi:http/incoming-handler", "wasi:clocks/timezone"]);
  const missing = standard.filter(
    ({ name, version }) => !others.has(name) && offeredTypes.find(name, version) === undefined,
  );
  assert.deepEqual(
    missing.map(({ name }) => name),
    [],
  );
});

for (const { name, version } of standard) {
  const wanted = standardTypes.find(name, version)!;
  if (offeredTypes.find(name, version) === undefined) continue;
  test(`${name} is offered with the types of WASI 0.2`, () => {
    const offered = offeredTypes.find(name, version)!;
    const text = (functions: ReadonlyMap<string, FunctionType>) =>
      new Set([...functions].map(([func, type]) => `${func}: ${formatFunctionType(type, Number.POSITIVE_INFINITY)}`));
    assert.deepEqual(text(offered.functions), text(wanted.functions));
  });
}

test("every function that is offered is declared, and every one that is declared is offered", () => {
  for (const offer of offers) {
    const { functions, types } = offeredTypes.find(offer.name, offer.version)!;
    const drops = [...types].flatMap(([name, type]) =>
      type.kind === "resource" &&
      type.resource.origin === "host" &&
      type.resource.interface === offer.name &&
      type.resource.name === name
        ? [`[resource-drop]${name}`]
        : [],
    );
    const declared = new Set([...functions.keys(), ...drops]);
    assert.deepEqual(new Set(Object.keys(offer.functions({} as never))), declared, offer.name);
    for (const name of offer.blocking) assert.ok(functions.has(name), `${offer.name}.${name}`);
  }
});
