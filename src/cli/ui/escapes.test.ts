import assert from "node:assert/strict";
import { test } from "node:test";
import { EscapeFilter, type EscapeRules, filterEscapes } from "./escapes.ts";

const introducer = "\x1b";
const colour = new RegExp(`${introducer}\\[[0-9;:]*m`, "g");
const log: EscapeRules = { colour: true };

const cases: readonly [name: string, text: string, rules: EscapeRules, expected: string][] = [
  ["plain text and other alphabets pass", "naïve 日本語 🐇\t.", {}, "naïve 日本語 🐇\t."],
  ["colours pass where they are wanted, and are put back", "\x1b[1;31mred", log, "\x1b[1;31mred\x1b[0m"],
  ["colours that were put back need nothing more", "\x1b[31mred\x1b[m.", log, "\x1b[31mred\x1b[m."],
  ["colours go where they are not wanted", "\x1b[31mred\x1b[0m", {}, "red"],
  ["the window's title", "a\x1b]0;evil\x07b", log, "ab"],
  ["the clipboard, ended by ST", "a\x1b]52;c;ZXZpbA==\x1b\\b", log, "ab"],
  ["a hyperlink", "\x1b]8;;http://evil\x1b\\text\x1b]8;;\x1b\\", log, "text"],
  ["a query that the terminal would answer as if typed", "\x1b[6n\x1b[c\x1b[>0q", log, ""],
  ["erasing and moving", "\x1b[2J\x1b[1A\x1b[Kx", log, "x"],
  ["device control", "a\x1bPq#0\x1b\\b", log, "ab"],
  ["single-character escapes", "\x1bcx\x1b(0y\x1b7z", log, "xyz"],
  ["C1 control characters", "a\u009b31mb\u009d0;t\u009cc\u0085d", {}, "abcd"],
  ["colours written with C1", "\u009b31mx\u009b0m", log, "\x1b[31mx\x1b[0m"],
  ["controls are shown", "a\x00b\x07c\x7fd\re\bf", {}, "a^@b^Gc^?d^Me^Hf"],
  ["redrawing passes where it is wanted", "10%\r20%\b", { redraw: true }, "10%\r20%\b"],
  ["line feeds pass where they are wanted", "a\nb", { lines: true }, "a\nb"],
  ["a string without an end loses its line only", "\x1b]0;never\nnext", { lines: true }, "\nnext"],
  ["an escape before a line feed", "\x1b\nnext", { lines: true }, "\nnext"],
  ["a colour with a private marker is none", "\x1b[?31mx\x1b[>4;1mx", log, "xx"],
  ["a sequence inside a sequence", "\x1b[3\x1b[31mx\x1b[m", log, "\x1b[31mx\x1b[m"],
  ["an endless sequence of parameters", `\x1b[${"1".repeat(100_000)}mx`, log, "x"],
];

for (const [name, text, rules, expected] of cases) {
  test(`filterEscapes(): ${name}`, () => {
    assert.equal(filterEscapes(text, rules), expected);
  });
}

test("EscapeFilter gives the same for every way to cut the text", () => {
  for (const [name, text, rules, expected] of cases) {
    if (text.length > 100) continue;
    const filter = new EscapeFilter(rules);
    // By code points: a decoder hands on no half of a surrogate pair.
    const out = Array.from(text, (char) => filter.push(char)).join("") + filter.end();
    assert.equal(out, expected, name);
  }
});

test("no escape but a colour survives any text", () => {
  const alphabet = [
    "\x1b",
    "[",
    "]",
    "P",
    "\\",
    "3",
    "1",
    ";",
    "m",
    "H",
    "\x07",
    "\u009b",
    "\u009d",
    "\u009c",
    "x",
    "\n",
    "?",
  ];
  let seed = 1;
  for (let round = 0; round < 5000; round++) {
    let text = "";
    for (let i = 0; i < 16; i++) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      text += alphabet[(seed >>> 16) % alphabet.length];
    }
    const left = filterEscapes(text, { colour: true, lines: true }).replaceAll(colour, "");
    assert.equal(
      [...left].find((char) => (char < " " && char !== "\n") || (char >= "\x7f" && char <= "\x9f")),
      undefined,
      JSON.stringify(text),
    );
  }
});
