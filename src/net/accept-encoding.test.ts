import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptedCodings } from "./accept-encoding.ts";

test("acceptedCodings() follows the client's weights, then our preference", () => {
  const rows: readonly [field: string | undefined, expected: string][] = [
    [undefined, ""],
    ["", ""],
    ["gzip", "gzip"],
    ["gzip, deflate, br, zstd", "br zstd gzip"],
    ["gzip,br", "br gzip"],
    ["GZIP;Q=1", "gzip"],
    ["x-gzip", "gzip"],
    ["gzip;q=1.0, br;q=0.5", "gzip br"],
    ["br ; q=0.001 , gzip\t;\tq=0.002", "gzip br"],
    ["br;q=0, gzip", "gzip"],
    ["*", "br zstd gzip"],
    ["*;q=0", ""],
    ["*;q=0.5, gzip", "gzip br zstd"],
    ["br, *;q=0", "br"],
    ["gzip;q=0, *", "br zstd"],
    ["identity", ""],
    ["identity;q=0, gzip;q=0.1", "gzip"],
    // As it is, rather than so.
    ["identity;q=1, gzip;q=0.5", ""],
    ["identity, gzip", "gzip"],
    ["deflate, compress", ""],
    [", gzip ,,", "gzip"],
    // Of no sense: nothing is known of the client.
    ["gzip;q=2", ""],
    ["gzip;q=0.1234", ""],
    ["gzip;q=-1", ""],
    ["gzip;level=1", ""],
    ["gzip br", ""],
    ["gzip;q", ""],
    [`gzip${" ".repeat(2000)}`, ""],
  ];
  for (const [field, expected] of rows) assert.equal(acceptedCodings(field).join(" "), expected, String(field));
  assert.deepEqual(acceptedCodings("br, gzip", ["gzip"]), ["gzip"]);
});
