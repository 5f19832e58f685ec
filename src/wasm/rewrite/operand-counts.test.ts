// A function whose body has so many operands of some types, the instruction, and a drop is valid only if the instruction takes exactly those
// and gives one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { module as assemble, exports, section } from "../testdata/build-module.ts";
import { countUnknown, operandCounts, vectorCounts } from "./operand-counts.ts";

const constants: readonly (readonly number[])[] = [
  [0x41, 0],
  [0x42, 0],
  [0x43, 0, 0, 0, 0],
  [0x44, 0, 0, 0, 0, 0, 0, 0, 0],
  [0xfd, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  [0xd0, 0x71],
];

function isValid(operands: readonly number[], code: readonly number[]): boolean {
  const body = [0, ...operands.flatMap((type) => constants[type]!), ...code, 0x1a, 0x0b];
  const bytes = assemble(
    section(1, [1, 0x60, 0, 0]),
    section(3, [1, 0]),
    section(5, [1, 0, 1]),
    exports(),
    section(10, [1, body.length, ...body]),
  );
  return WebAssembly.validate(bytes as BufferSource);
}

/** How many operands it takes, if it gives one; undefined: none of 0 to 3 does. */
function countOf(code: readonly number[]): number | undefined {
  for (let count = 0; count <= 3; count++) {
    const types = new Array<number>(count).fill(0);
    for (let combination = 0; combination < constants.length ** count; combination++) {
      let rest = combination;
      for (let i = 0; i < count; i++) {
        types[i] = rest % constants.length;
        rest = Math.floor(rest / constants.length);
      }
      if (isValid(types, code)) return count;
    }
  }
  return undefined;
}

test("the numbers of operands are those that V8 knows", () => {
  for (let opcode = 0; opcode < 256; opcode++) {
    const expected = operandCounts[opcode]!;
    if (expected === countUnknown) continue;
    const argument = opcode >= 0x28 && opcode <= 0x35 ? [0, 0] : [];
    assert.equal(countOf([opcode, ...argument]), expected, `0x${opcode.toString(16)}`);
  }
});

test("the numbers of operands of vector instructions are those that V8 knows", () => {
  for (let second = 0; second < 256; second++) {
    const number = second < 0x80 ? [second] : [(second & 0x7f) | 0x80, 1];
    let argument: number[] = [];
    if (second < 11 || second === 92 || second === 93) argument = [0, 0];
    else if (second === 12 || second === 13) argument = new Array<number>(16).fill(0);
    else if (second >= 21 && second <= 34) argument = [0];
    else if (second >= 84 && second <= 87) argument = [0, 0, 0];
    const expected = vectorCounts[second]!;
    const actual = countOf([0xfd, ...number, ...argument]);
    assert.equal(actual ?? countUnknown, expected, `0xfd ${second}`);
  }
});
