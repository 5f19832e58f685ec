import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIp } from "../../base/ip.ts";
import { ProxyCorpus } from "./corpus.ts";
import { parseProxyHeader } from "./parse-header.ts";

const rounds = Number(process.env.WARREN_FUZZ_ROUNDS ?? 5000);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);

/** What becomes of it: the header as text, "wrong" or "more". Throws what is neither. */
function outcome(bytes: Buffer): string {
  try {
    const header = parseProxyHeader(bytes);
    if (header === undefined) return "more";
    assert.ok(header.length > 0 && header.length <= Math.min(bytes.length, 8192));
    for (const { ip, port } of header.ends === undefined ? [] : [header.ends.remote, header.ends.local]) {
      assert.ok(parseIp(ip) !== undefined, ip);
      assert.ok(Number.isInteger(port) && port >= 0 && port <= 65_535, `${port}`);
    }
    return JSON.stringify(header);
  } catch (error) {
    assert.equal((error as { code?: string }).code, "proxy.malformed", String(error));
    return "wrong";
  }
}

test(`parseProxyHeader() has one answer however the bytes come (${rounds} rounds, seed ${seed})`, () => {
  const corpus = new ProxyCorpus(seed);
  const seen = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    const bytes = corpus.next();
    const whole = outcome(bytes);
    seen.set(whole.slice(0, 1), (seen.get(whole.slice(0, 1)) ?? 0) + 1);
    let first = "more";
    for (let cut = 0; cut <= bytes.length && first === "more"; cut++) first = outcome(bytes.subarray(0, cut));
    assert.equal(first, whole, `seed ${seed}, round ${round}: ${bytes.toString("hex")}`);
  }
  for (const kind of ["{", "w", "m"]) assert.ok((seen.get(kind) ?? 0) > rounds / 100, `${kind}: ${seen.get(kind)}`);
});
