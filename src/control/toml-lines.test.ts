import assert from "node:assert/strict";
import { it } from "node:test";
import type { Path } from "./check.ts";
import { tomlLines } from "./toml-lines.ts";

const text = `# a comment with [a] = header
name = "x = [" # y
text = """
[not]
a = "header" \\"""
""""
raw = '''
[[not]]'''
list = [
  "a", # ]
  [ "b" ],
]
"quoted key" = 1
a.b."c.d" = 2
[table]
key = 1
[table.sub]
key = 2
[[many]]
key = 3
[[many]]
inline = { x = 1, y = { z = 2 } }
[many.sub]
key = 4
`;

it("tomlLines() finds keys, tables and lists of tables", () => {
  const lineOf = tomlLines(text.replaceAll("\n", "\r\n"));
  const expected: [Path, number | undefined][] = [
    [["name"], 2],
    [["text"], 3],
    [["raw"], 7],
    [["list"], 9],
    [["list", 1, 0], 9],
    [["quoted key"], 13],
    [["a", "b", "c.d"], 14],
    [["table"], 15],
    [["table", "key"], 16],
    [["table", "sub", "key"], 18],
    [["many"], 19],
    [["many", 0], 19],
    [["many", 0, "key"], 20],
    [["many", 1], 21],
    [["many", 1, "inline", "y", "z"], 22],
    [["many", 1, "sub", "key"], 24],
    [["not"], undefined],
    [[], undefined],
  ];
  for (const [path, line] of expected) assert.equal(lineOf(path), line, JSON.stringify(path));
});
