import assert from "node:assert/strict";
import { test } from "node:test";
import { requireToolchain } from "../guests/build.ts";
import { judge } from "./go/judge.ts";
import { quickPackages } from "./go/packages.ts";
import { runGoTests } from "./go/run-go-tests.ts";

test("Go's own tests of its library pass, files and network; all of them: node test/conformance/go-std.ts", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const plain = await runGoTests({ packages: quickPackages.plain, network: false });
  const network = await runGoTests({ packages: quickPackages.network, network: true });
  const results = [...plain, ...network];
  assert.deepEqual(judge(results), []);
  assert.equal(results.length, quickPackages.plain.length + quickPackages.network.length);
  for (const { name, passed } of results) assert.ok(passed > 0, name);
});
