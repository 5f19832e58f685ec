import assert from "node:assert/strict";
import { test } from "node:test";
import { oneOf, type Pick, seeded } from "../../base/testdata/random.ts";
import { frameCases, messageBytesMax } from "./corpus.ts";
import { FrameChecker } from "./frame-checker.ts";
import { readFrames } from "./test-frames.ts";
import { Violation } from "./violation.ts";

const rounds = Number(process.env.WARREN_FUZZ_ROUNDS ?? 3000);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);

function mutate(pick: Pick, masked: boolean): Buffer {
  const parts: Buffer[] = [];
  for (let count = 1 + pick(4); count > 0; count--)
    parts.push(Buffer.concat(oneOf(pick, frameCases).frames({ masked }).slice(0, 5)).subarray(0, 3000));
  const bytes = Buffer.concat(parts);
  for (let count = pick(3); count > 0; count--) bytes[pick(bytes.length)] = pick(2) === 0 ? pick(256) : 0x80 | pick(16);
  return pick(4) === 0 ? bytes.subarray(0, pick(bytes.length)) : bytes;
}

interface Outcome {
  readonly code: number;
  readonly passed: Buffer;
  readonly atBoundary: boolean;
}

function run(bytes: Buffer, masked: boolean, next: () => number): Outcome {
  const passed: Uint8Array[] = [];
  const checker = new FrameChecker(
    { masked, messageBytesMax },
    { pass: (part) => void passed.push(Buffer.from(part)), control: () => true },
  );
  let code = 0;
  try {
    for (let at = 0; at < bytes.length; ) {
      const to = Math.min(bytes.length, at + next());
      checker.take(bytes.subarray(at, to));
      at = to;
    }
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    code = error.code;
  }
  return { code, passed: Buffer.concat(passed), atBoundary: checker.atBoundary };
}

test(`FrameChecker says the same however the bytes are split (seed ${seed})`, () => {
  const pick = seeded(seed);
  for (let round = 0; round < rounds; round++) {
    const masked = pick(2) === 0;
    const bytes = mutate(pick, masked);
    const what = `round ${round}: ${bytes.toString("hex").slice(0, 400)}`;
    const whole = run(bytes, masked, () => bytes.length);
    const split = run(bytes, masked, () => 1 + pick(40));
    assert.equal(split.code, whole.code, what);
    for (const { passed, atBoundary } of [whole, split]) {
      assert.ok(bytes.subarray(0, passed.length).equals(passed), what);
      assert.equal(readFrames(passed).rest.length === 0, atBoundary, what);
    }
    // In pieces, a frame whose text turns out to be wrong has begun to go on.
    assert.ok(split.passed.length >= whole.passed.length || whole.code === 0, what);
    if (whole.code === 0) assert.equal(split.passed.length, whole.passed.length, what);
  }
});
