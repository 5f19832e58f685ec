// What docs/routing.md says, as it says it: each manifest is deployed, and each request asked.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { digestOf } from "../src/base/digest.ts";
import { parseManifest, specOf } from "../src/control/manifest.ts";
import { buildGuest, requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";

const text = readFileSync(join(import.meta.dirname, "../docs/routing.md"), "utf8");

interface Example {
  readonly title: string;
  readonly manifest: string;
  /** `METHOD URL FIELDS → ANSWER`. */
  readonly requests: readonly string[];
}

const examples: readonly Example[] = text
  .split("\n## ")
  .slice(1)
  .flatMap((section) => {
    const [title = ""] = section.split("\n");
    const manifest = /```toml\n([\s\S]*?)```/.exec(section)?.[1];
    const requests = /```\n([\s\S]*?)```/.exec(section.slice(section.indexOf("```\n\n") + 5))?.[1] ?? "";
    return manifest === undefined ? [] : [{ title, manifest, requests: requests.split("\n").filter(Boolean) }];
  });

async function check(t: TestContext, { manifest, requests }: Example): Promise<void> {
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const parsed = parseManifest(manifest, { file: "docs/routing.md" });
  let digest: ReturnType<typeof digestOf> | undefined;
  if (parsed.program !== undefined) {
    const program = readFileSync(await buildGuest("c-path"));
    digest = digestOf(program);
    await daemon.client.uploadProgram("default", program, digest);
  }
  const named = parsed.program === undefined ? parsed : { ...parsed, env: { NAME: parsed.name } };
  await daemon.client.putService("default", specOf(named, { directory: "/", digest }));
  for (const request of requests) {
    const [asked = "", expected = ""] = request.split(" → ");
    const [method = "", address = "", fields = ""] = asked.split(/ (.+?)(?: (.+))?$/).filter((part) => part !== "");
    const [, host = "", path = ""] = /^http:\/\/([^/]+)(.*)$/.exec(address) ?? [];
    const headers = Object.fromEntries(
      [...fields.matchAll(/([\w-]+): (\S+)/g)].map(([, name, value]) => [name, value]),
    );
    const answer = await ask(daemon.port, host, path, { method, headers });
    const { status, text: body } = answer;
    const told: Readonly<Record<number, string>> = { 200: body.trim(), 400: "400", 404: "404" };
    const detail = answer.headers.location ?? answer.headers.allow ?? body;
    assert.equal(told[status] ?? `${status} ${detail}`, expected, request);
  }
}

for (const example of examples) {
  test(`docs/routing.md: ${example.title}`, async (t) => {
    if (example.manifest.includes("program") && !(await requireToolchain(t, "c"))) return;
    await check(t, example);
  });
}

test("docs/routing.md has its examples where this test finds them", () => {
  assert.deepEqual(
    examples.map(({ title, requests }) => `${title}: ${requests.length}`),
    ["Hosts and paths: 3", "What the guest sees: 3", "Methods and fields: 4", "Without a guest: 4", "Shares: 0"],
  );
});
