// The rules of the component model: for each a component that keeps it and one that breaks it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { WarrenError } from "../base/errors.ts";
import { assemble, linkText } from "./testdata/assemble.ts";
import { accepted, refused } from "./testdata/rules.ts";

async function failure(text: string): Promise<WarrenError | undefined> {
  try {
    await linkText(text);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof WarrenError, String(error));
    return error;
  }
}

for (const [name, text] of accepted) {
  test(`linkComponent() takes ${name}`, async () => {
    await assemble(text);
    const error = await failure(text);
    assert.equal(error?.message, undefined);
  });
}

for (const [name, code, text] of refused) {
  test(`linkComponent() refuses ${name}`, async () => {
    await assemble(text);
    const error = await failure(text);
    assert.ok(error !== undefined, "accepted");
    assert.equal(error.code, code, error.message);
    assert.equal(typeof error.at, "number");
    assert.ok(error.message.length < 1_200, error.message);
  });
}
