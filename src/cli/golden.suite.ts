import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Holds a text to the file testdata/NAME. WARREN_UPDATE_GOLDEN=1 writes the file instead, for a review of the difference. */
export function checkGolden(name: string, text: string): void {
  const path = join(import.meta.dirname, "testdata", name);
  if (process.env.WARREN_UPDATE_GOLDEN === "1") {
    writeFileSync(path, text);
    return;
  }
  assert.equal(text, readFileSync(path, "utf8"), `not as in ${path}; WARREN_UPDATE_GOLDEN=1 updates it`);
}
