import assert from "node:assert/strict";
import { test } from "node:test";
import { frameCases, messageBytesMax } from "./corpus.ts";
import { FrameChecker } from "./frame-checker.ts";
import { closing, frame, readFrames } from "./test-frames.ts";
import { Violation } from "./violation.ts";

interface Outcome {
  readonly code: number;
  readonly passed: Buffer;
  readonly atBoundary: boolean;
}

function run(bytes: Buffer, masked: boolean, most: number): Outcome {
  const passed: Uint8Array[] = [];
  const checker = new FrameChecker(
    { masked, messageBytesMax },
    { pass: (part) => void passed.push(Buffer.from(part)), control: () => true },
  );
  let code = 0;
  try {
    for (let at = 0; at < bytes.length; at += most) checker.take(Buffer.from(bytes.subarray(at, at + most)));
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    code = error.code;
  }
  return { code, passed: Buffer.concat(passed), atBoundary: checker.atBoundary };
}

for (const masked of [true, false]) {
  const side = masked ? "a client" : "a guest";
  for (const { name, frames, code } of frameCases) {
    test(`FrameChecker ${code === 0 ? "takes" : `answers ${code} to`} ${name} of ${side}`, () => {
      const list = frames({ masked });
      const bytes = Buffer.concat(list);
      for (const most of [bytes.length, 1, 2, 7, 1000]) {
        if (most < 1000 && bytes.length > 10_000) continue;
        const outcome = run(bytes, masked, most);
        assert.equal(outcome.code, code, `in pieces of ${most}`);
        assert.ok(bytes.subarray(0, outcome.passed.length).equals(outcome.passed), "what goes on is what came");
        const { rest } = readFrames(outcome.passed);
        assert.equal(outcome.atBoundary, rest.length === 0, "it knows where frames end");
        if (code === 0 && !name.includes("which are nothing")) assert.equal(outcome.passed.length, bytes.length);
        // All that is wrong is in the last frame or before it, and a wrong header never goes on.
        if (most === bytes.length && code !== 0) assert.ok(outcome.passed.length < bytes.length);
      }
    });
  }
}

test("FrameChecker hands bytes on as they came, without copying them", () => {
  const bytes = Buffer.concat([frame(1, "one", { masked: true }), frame(9, "", { masked: true })]);
  const passed: Uint8Array[] = [];
  const checker = new FrameChecker(
    { masked: true, messageBytesMax },
    { pass: (part) => void passed.push(part), control: () => true },
  );
  checker.take(bytes);
  assert.deepEqual([passed.length, passed[0]], [1, bytes]);
  assert.ok(passed[0] === bytes);
});

test("FrameChecker keeps back a control frame that is not to go on, also in pieces", () => {
  const bytes = Buffer.concat([frame(1, "one"), frame(10, "own"), frame(1, "two"), frame(10, "other")]);
  for (const most of [1, 3, 100]) {
    const passed: Uint8Array[] = [];
    const checker = new FrameChecker(
      { masked: false, messageBytesMax },
      {
        pass: (part) => void passed.push(Buffer.from(part)),
        control: (_, payload) => Buffer.from(payload).toString() !== "own",
      },
    );
    for (let at = 0; at < bytes.length; at += most) checker.take(bytes.subarray(at, at + most));
    assert.deepEqual(
      readFrames(Buffer.concat(passed)).frames.map(({ payload }) => payload.toString()),
      ["one", "two", "other"],
    );
  }
});

test("FrameChecker hears nothing behind a close", () => {
  const passed: Uint8Array[] = [];
  const checker = new FrameChecker(
    { masked: false, messageBytesMax },
    { pass: (part) => void passed.push(Buffer.from(part)), control: () => true },
  );
  const close = closing(1000, "bye");
  checker.take(Buffer.concat([close, frame(1, "late")]));
  checker.take(frame(3, "later"));
  assert.deepEqual([checker.closed, Buffer.concat(passed)], [true, close]);
});
