import assert from "node:assert/strict";
import { test } from "node:test";
import { isTraceparent, traceIdOf } from "./trace-context.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const parent = "00f067aa0ba902b7";
const cases: readonly (readonly [value: string, valid: boolean])[] = [
  [`00-${trace}-${parent}-01`, true],
  [`00-${trace}-${parent}-ff`, true],
  [`cc-${trace}-${parent}-01`, true],
  [`cc-${trace}-${parent}-01-what-the-future-holds`, true],
  [`cc-${trace}-${parent}-01.what`, false],
  [`00-${trace}-${parent}-01-more`, false],
  [`ff-${trace}-${parent}-01`, false],
  [`00-${"0".repeat(32)}-${parent}-01`, false],
  [`00-${trace}-${"0".repeat(16)}-01`, false],
  [`00-${trace.toUpperCase()}-${parent}-01`, false],
  [`00-${trace}-${parent}`, false],
  [`00-${trace}-${parent}-1`, false],
  [`0-${trace}-${parent}-01`, false],
  [`00-${trace}-${parent}-01 `, false],
  ["", false],
];
test("isTraceparent() is as strict as W3C Trace Context §3.2.2", () => {
  for (const [value, valid] of cases) assert.equal(isTraceparent(value), valid, value);
});

test("traceIdOf() names the trace of a valid traceparent only", () => {
  assert.equal(traceIdOf(`00-${trace}-${parent}-01`), trace);
  for (const value of [undefined, `00-${trace}-${parent}`]) assert.equal(traceIdOf(value), "");
});
