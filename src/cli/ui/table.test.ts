import assert from "node:assert/strict";
import { test } from "node:test";
import { type Column, cut, displayWidth, renderTable } from "./table.ts";

const columns: readonly Column[] = [
  { title: "NAME", widthMin: 6 },
  { title: "STATE" },
  { title: "ROUTES", widthMin: 8 },
  { title: "N", align: "right" },
];
const rows = [
  ["shop", "running", "http://shop.localhost:8080/", "7"],
  ["a-very-long-name-of-a-service", "crash-loop", "http://a-very-long-name-of-a-service.localhost:8080/", "12345"],
];

test("renderTable() cuts nothing in a pipe and leaves no blanks at the end of a line", () => {
  assert.equal(
    renderTable(columns, rows),
    [
      "NAME                           STATE       ROUTES                                                    N",
      "shop                           running     http://shop.localhost:8080/                               7",
      "a-very-long-name-of-a-service  crash-loop  http://a-very-long-name-of-a-service.localhost:8080/  12345",
    ].join("\n"),
  );
});

test("renderTable() fits every width", () => {
  for (let width = 1; width <= 120; width++) {
    for (const line of renderTable(columns, rows, { width }).split("\n")) {
      assert.ok(displayWidth(line) <= width, `${width}: ${line}`);
    }
  }
});

test("renderTable() cuts the widest columns that may be cut, and keeps the others whole", () => {
  const text = renderTable(columns, rows, { width: 60 });
  assert.match(text, /crash-loop/);
  assert.match(text, /12345$/);
  assert.match(text, /…/);
});

test("renderTable() keeps a cell on its row and free of control characters", () => {
  assert.equal(renderTable([{ title: "A" }, { title: "B" }], [["x\ny\x1b[2J", "z"]]), "A    B\nx y  z");
});

test("cut() counts wide characters as two and combining ones as none", () => {
  assert.equal(displayWidth("日本"), 4);
  assert.equal(displayWidth("e\u0301"), 1);
  assert.equal(cut("日本語", 5), "日本…");
  assert.equal(cut("日本語", 4), "日…");
  assert.equal(cut("abc", 3), "abc");
});
