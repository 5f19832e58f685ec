import assert from "node:assert/strict";
import { test } from "node:test";
import { type Conditions, precondition, rangeApplies } from "./preconditions.ts";

const entityTag = '"5-1"';
const modified = Date.UTC(2024, 1, 29, 12, 0, 0) / 1000;
const same = "Thu, 29 Feb 2024 12:00:00 GMT";
const earlier = "Thu, 29 Feb 2024 11:59:59 GMT";
const later = "Thu, 29 Feb 2024 12:00:01 GMT";

test("precondition() evaluates in the order of RFC 9110 §13.2.2", () => {
  const rows: readonly [Conditions, 304 | 412 | undefined][] = [
    [{}, undefined],
    [{ ifMatch: entityTag }, undefined],
    [{ ifMatch: "*" }, undefined],
    [{ ifMatch: '"other"' }, 412],
    [{ ifMatch: `W/${entityTag}` }, 412],
    [{ ifMatch: "nonsense" }, 412],
    [{ ifUnmodifiedSince: same }, undefined],
    [{ ifUnmodifiedSince: later }, undefined],
    [{ ifUnmodifiedSince: earlier }, 412],
    [{ ifUnmodifiedSince: "yesterday" }, undefined],
    // If-Match alone counts where both are there.
    [{ ifMatch: entityTag, ifUnmodifiedSince: earlier }, undefined],
    [{ ifMatch: '"other"', ifUnmodifiedSince: later }, 412],
    [{ ifNoneMatch: entityTag }, 304],
    [{ ifNoneMatch: `W/${entityTag}` }, 304],
    [{ ifNoneMatch: "*" }, 304],
    [{ ifNoneMatch: '"other"' }, undefined],
    [{ ifNoneMatch: `"other", ${entityTag}` }, 304],
    [{ ifNoneMatch: "nonsense" }, undefined],
    [{ ifModifiedSince: same }, 304],
    [{ ifModifiedSince: later }, 304],
    [{ ifModifiedSince: earlier }, undefined],
    [{ ifModifiedSince: "Thursday, 29-Feb-24 12:00:00 GMT" }, 304],
    [{ ifModifiedSince: "Thu Feb 29 12:00:00 2024" }, 304],
    [{ ifModifiedSince: "Thu, 29 Feb 2024 12:00:00 CET" }, undefined],
    // If-None-Match alone counts where both are there.
    [{ ifNoneMatch: '"other"', ifModifiedSince: same }, undefined],
    [{ ifNoneMatch: entityTag, ifModifiedSince: earlier }, 304],
    // The first of the two steps decides.
    [{ ifMatch: '"other"', ifNoneMatch: entityTag }, 412],
    [{ ifMatch: entityTag, ifNoneMatch: entityTag }, 304],
    [{ ifUnmodifiedSince: earlier, ifModifiedSince: same }, 412],
    [{ ifUnmodifiedSince: same, ifModifiedSince: same }, 304],
  ];
  for (const [conditions, expected] of rows)
    assert.equal(precondition(conditions, { entityTag, modified }), expected, JSON.stringify(conditions));
});

test("rangeApplies() to exactly the content that If-Range names", () => {
  const rows: readonly [string | undefined, boolean][] = [
    [undefined, true],
    [entityTag, true],
    ['"other"', false],
    [`W/${entityTag}`, false],
    [`${entityTag}, "other"`, false],
    ["*", false],
    [same, true],
    [earlier, false],
    [later, false],
    ["nonsense", false],
  ];
  for (const [ifRange, expected] of rows) {
    assert.equal(rangeApplies({ ifRange }, { entityTag, modified }), expected, String(ifRange));
    // A weak tag says that the content may have changed since, and so the date says nothing either.
    const weak = { entityTag: `W/${entityTag}`, modified };
    assert.equal(rangeApplies({ ifRange }, weak), ifRange === undefined, `${ifRange}, weak`);
  }
});
