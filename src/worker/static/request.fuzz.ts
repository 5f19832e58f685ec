// What a client may write into a request for a file, mutated: no parser throws, and what each one makes of it keeps its
// promises. ROUNDS for a longer run, SEED for another.
import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptedCodings, contentCodings } from "../../net/accept-encoding.ts";
import { parseHttpDate } from "../../net/http-date.ts";
import { byteRanges } from "./byte-ranges.ts";
import { listsTag } from "./entity-tags.ts";
import { staticPath } from "./static-path.ts";

const seed = Number(process.env.SEED ?? 1);
const rounds = Number(process.env.ROUNDS ?? 20_000);

function random(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Pieces of a grammar in any order, with some characters swapped for others. */
function compose(pick: (below: number) => number, pieces: readonly string[]): string {
  let text = "";
  for (let count = pick(8); count >= 0; count--) text += pieces[pick(pieces.length)];
  while (pick(3) === 0) {
    const at = pick(text.length + 1);
    text = text.slice(0, at) + String.fromCharCode(pick(256)) + text.slice(at + pick(3));
  }
  return text;
}

function fuzz(name: string, pieces: readonly string[], check: (text: string, pick: (below: number) => number) => void) {
  test(`${name}: ${rounds} rounds (seed ${seed})`, () => {
    const pick = random(seed);
    for (let round = 0; round < rounds; round++) {
      const text = compose(pick, pieces);
      try {
        check(text, pick);
      } catch (error) {
        throw new Error(`round ${round}: ${JSON.stringify(text)}`, { cause: error });
      }
    }
  });
}

const paths = [
  "/",
  "//",
  "a",
  "..",
  ".",
  "%2e",
  "%2E%2E",
  "%2f",
  "%5c",
  "%00",
  "%25",
  "%e2%82%ac",
  "%c0%af",
  "\\",
  ".well-known",
  "b.js",
  "%",
  "~",
  "\xff",
];

fuzz("staticPath() names nothing outside of the directory, and nothing hidden", paths, (text) => {
  const path = `/${text}`;
  const got = staticPath(path, "");
  if (got.kind === "refused") return;
  assert.ok(!got.path.includes("\0") && !got.path.includes("\\"));
  if (got.path === "") return;
  for (const [index, segment] of got.path.split("/").entries())
    assert.ok(segment !== "" && (!segment.startsWith(".") || (index === 0 && segment === ".well-known")), segment);
  // Encoded again in full it is the same path: one name, however it is written.
  const encoded = got.path.split("/").map(encodeURIComponent).join("/");
  assert.deepEqual(staticPath(`/${encoded}${got.slash ? "/" : ""}`, ""), got);
});

const rangePieces = [
  "bytes=",
  "0",
  "9",
  "-",
  ",",
  " ",
  "\t",
  "5-7",
  "-3",
  "8-",
  "99999999999999999999",
  "0-0",
  "BYTES=",
];

fuzz("byteRanges() gives parts of the file, and together no more than the file", rangePieces, (text, pick) => {
  const size = pick(3) === 0 ? pick(3) : pick(1000);
  const ranges = byteRanges(pick(2) === 0 ? `bytes=${text}` : text, size);
  if (typeof ranges === "string") return;
  assert.ok(ranges.length > 0 && ranges.length <= 16);
  let bytes = 0;
  for (const { from, to } of ranges) {
    assert.ok(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= size);
    bytes += to - from;
  }
  assert.ok(bytes <= size);
});

const tagPieces = ['"a"', 'W/"a"', '"b"', ",", " ", "*", '"', "W/", "\t", '"a,b"'];

fuzz("listsTag() finds a tag only where it stands, and a weak one never strongly", tagPieces, (text) => {
  const weak = listsTag(text, '"a"', "weak");
  const strong = listsTag(text, '"a"', "strong");
  if (weak === true) assert.ok(text === "*" || text.includes('"a"'));
  if (strong === true) assert.equal(weak, true);
  assert.equal(strong === undefined, weak === undefined);
  if (text !== "*" && text !== 'W/"a"') assert.notEqual(listsTag(text, 'W/"a"', "strong"), true);
  // Another tag beside it changes nothing.
  if (typeof weak === "boolean" && text !== "*") assert.equal(listsTag(`"other", ${text}`, '"a"', "weak"), weak);
});

const codingPieces = [
  "gzip",
  "br",
  "zstd",
  "identity",
  "*",
  ";q=",
  "0",
  "1",
  "0.5",
  ",",
  " ",
  ";",
  "deflate",
  "0.001",
  "1.000",
];

fuzz("acceptedCodings() names each coding at most once, and none that is refused", codingPieces, (text) => {
  const codings = acceptedCodings(text);
  assert.equal(new Set(codings).size, codings.length);
  for (const coding of codings) {
    assert.ok(contentCodings.includes(coding));
    assert.ok(text.toLowerCase().includes(coding) || text.includes("*"), coding);
  }
  assert.deepEqual(acceptedCodings(text), codings);
});

const datePieces = [
  "Sun",
  "Sunday",
  ", ",
  "06",
  " Nov ",
  "-Nov-",
  "1994",
  "94",
  " 08:49:37",
  " GMT",
  "Nov ",
  " 6",
  "99",
];

fuzz("parseHttpDate() gives whole seconds or nothing", datePieces, (text) => {
  const seconds = parseHttpDate(text);
  assert.ok(seconds === undefined || Number.isInteger(seconds));
});
