import { closing, type FrameForm, frame } from "./test-frames.ts";

type Make = (form: FrameForm) => Buffer[];

/** One side's frames, and the close code that they are answered with; 0 when they are right. */
export interface FrameCase {
  readonly name: string;
  readonly frames: Make;
  readonly code: 0 | 1002 | 1007 | 1009;
}

function ok(name: string, frames: Make): FrameCase {
  return { name, frames, code: 0 };
}
function wrong(code: 1002 | 1007 | 1009, name: string, frames: Make): FrameCase {
  return { name, frames, code };
}

const text = "Hello-µ@ßöäüàá-UTF-8!!";
const kappa = "κόσμε";

/** What tests allow a message to have; beyond it is 1009. */
export const messageBytesMax = 100_000;

function hex(digits: string): Buffer {
  return Buffer.from(digits.replaceAll(" ", ""), "hex");
}

// By the sections of the Autobahn test suite, whose program needs Python 2.
export const frameCases: readonly FrameCase[] = [
  // 1: framing.
  ...[0, 1, 125, 126, 127, 128, 65_535, 65_536, messageBytesMax].flatMap((length) => [
    ok(`a text of ${length} bytes`, (form) => [frame(1, "*".repeat(length), form)]),
    ok(`${length} bytes of binary`, (form) => [frame(2, Buffer.alloc(length, 0xfe), form)]),
  ]),
  // 2: pings and pongs.
  ...[0, 1, 125].flatMap((length) => [
    ok(`a ping of ${length} bytes`, (form) => [frame(9, Buffer.alloc(length, 0xff), form)]),
    ok(`a pong unasked of ${length} bytes`, (form) => [frame(10, Buffer.alloc(length, 0xff), form)]),
  ]),
  ok("ten pings", (form) => Array.from({ length: 10 }, (_, index) => frame(9, `ping ${index}`, form))),
  wrong(1002, "a ping of 126 bytes", (form) => [frame(9, Buffer.alloc(126), form)]),
  wrong(1002, "a pong of 126 bytes", (form) => [frame(10, Buffer.alloc(126), form)]),
  wrong(1002, "a ping of 70,000 bytes", (form) => [frame(9, Buffer.alloc(70_000), form)]),
  wrong(1002, "a ping with a length of 2 bytes", (form) => [frame(9, "abc", { ...form, lengthBytes: 2 })]),
  wrong(1002, "a ping with a length of 8 bytes", (form) => [frame(9, "abc", { ...form, lengthBytes: 8 })]),
  // 3: reserved bits.
  ...[1, 2, 3, 4, 5, 6, 7].flatMap((reserved) => [
    wrong(1002, `the reserved bits ${reserved} in a text`, (form) => [
      frame(1, text, form),
      frame(1, text, { ...form, reserved }),
      frame(9, "", form),
    ]),
    wrong(1002, `the reserved bits ${reserved} in a ping`, (form) => [frame(9, "", { ...form, reserved })]),
    wrong(1002, `the reserved bits ${reserved} in a close`, (form) => [closing(1000, "", { ...form, reserved })]),
  ]),
  wrong(1002, "a reserved bit in a continuation", (form) => [
    frame(1, "a", { ...form, final: false }),
    frame(0, "b", { ...form, reserved: 4 }),
  ]),
  // 4: opcodes.
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((code) => [
    wrong(1002, `the opcode ${code}`, (form) => [frame(code, "", form)]),
    wrong(1002, `the opcode ${code} behind a text`, (form) => [
      frame(1, text, form),
      frame(code, text, form),
      frame(9, "", form),
    ]),
  ]),
  // 5: fragments.
  wrong(1002, "a ping in two parts", (form) => [frame(9, "a", { ...form, final: false }), frame(0, "b", form)]),
  wrong(1002, "a pong in two parts", (form) => [frame(10, "a", { ...form, final: false }), frame(0, "b", form)]),
  wrong(1002, "a close in two parts", (form) => [frame(8, "", { ...form, final: false }), frame(0, "", form)]),
  ok("a text in two parts", (form) => [frame(1, "a", { ...form, final: false }), frame(0, "b", form)]),
  ok("a text in parts with a ping between", (form) => [
    frame(1, "a", { ...form, final: false }),
    frame(9, "p", form),
    frame(0, "b", { ...form, final: false }),
    frame(10, "q", form),
    frame(0, "c", form),
  ]),
  ok("a text in parts that are empty", (form) => [
    frame(1, "", { ...form, final: false }),
    frame(0, "", { ...form, final: false }),
    frame(0, "", form),
  ]),
  ok("a close within a message", (form) => [frame(1, "a", { ...form, final: false }), closing(1000, "", form)]),
  wrong(1002, "a continuation first, final", (form) => [frame(0, "a", form), frame(1, "b", form)]),
  wrong(1002, "a continuation first, not final", (form) => [
    frame(0, "a", { ...form, final: false }),
    frame(1, "b", form),
  ]),
  wrong(1002, "a continuation behind a whole message", (form) => [frame(1, "a", form), frame(0, "b", form)]),
  wrong(1002, "a text within a text", (form) => [frame(1, "a", { ...form, final: false }), frame(1, "b", form)]),
  wrong(1002, "binary within a text", (form) => [
    frame(1, "a", { ...form, final: false }),
    frame(0, "b", { ...form, final: false }),
    frame(2, "c", form),
  ]),
  // 6: UTF-8.
  ok("every length of character", (form) => [frame(1, `$¢€𐍈${kappa}`, form)]),
  ok("a character over two parts", (form) => [
    frame(1, Buffer.from(kappa).subarray(0, 3), { ...form, final: false }),
    frame(9, "", form),
    frame(0, Buffer.from(kappa).subarray(3), form),
  ]),
  ok("a part for each byte", (form) => {
    const bytes = Buffer.from(`${kappa}𐍈`);
    return Array.from(bytes, (byte, at) =>
      frame(at === 0 ? 1 : 0, Buffer.from([byte]), { ...form, final: at === bytes.length - 1 }),
    );
  }),
  ...["00", "7f", "c280", "dfbf", "e0a080", "ed9fbf", "ee8080", "efbfbd", "efbfbf", "f0908080", "f48fbfbf"].map(
    (digits) => ok(`the text ${digits}`, (form) => [frame(1, hex(digits), form)]),
  ),
  ...[
    "80",
    "bf",
    "c0",
    "c080",
    "c1bf",
    "c2",
    "c220",
    "e0",
    "e08080",
    "e09fbf",
    "e0a0",
    "eda080",
    "edadbf edbfbf",
    "edb080",
    "efbf",
    "f0808080",
    "f08fbfbf",
    "f09080",
    "f4908080",
    "f5808080",
    "f8888080 80",
    "fc848080 8080",
    "fe",
    "ff",
    "cebae1bdb9cf83cebcceb5 eda080 656469746564",
  ].flatMap((digits) => [
    wrong(1007, `the text ${digits}`, (form) => [frame(1, hex(digits), form)]),
    wrong(1007, `the text ${digits} behind much that is right`, (form) => [
      frame(1, Buffer.concat([Buffer.from(text.repeat(20)), hex(digits)]), form),
    ]),
  ]),
  wrong(1007, "a wrong byte in a second part", (form) => [
    frame(1, kappa, { ...form, final: false }),
    frame(0, hex("f4908080"), { ...form, final: false }),
    frame(0, "edited", form),
  ]),
  wrong(1007, "a text that ends within a character, by an empty part", (form) => [
    frame(1, hex("ceba e1bd"), { ...form, final: false }),
    frame(0, "", form),
  ]),
  ok("binary that is no text", (form) => [frame(2, hex("80 ff c0"), form)]),
  // 7: closing.
  ok("a close without a code", (form) => [frame(8, "", form)]),
  ok("frames behind a close, which are nothing", (form) => [closing(1000, "", form), frame(3, "x", form)]),
  wrong(1002, "a close of one byte", (form) => [frame(8, "a", form)]),
  ok("a close of 125 bytes", (form) => [closing(1000, "*".repeat(123), form)]),
  wrong(1002, "a close of 126 bytes", (form) => [closing(1000, "*".repeat(124), form)]),
  wrong(1007, "a reason that is not UTF-8", (form) => [closing(1000, hex("cebaf4908080"), form)]),
  wrong(1007, "a reason cut within a character", (form) => [closing(1000, hex("ceba e1bd"), form)]),
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999].map((code) =>
    ok(`the close code ${code}`, (form) => [closing(code, "", form)]),
  ),
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map((code) =>
    wrong(1002, `the close code ${code}`, (form) => [closing(code, "bye", form)]),
  ),
  // 9: limits.
  wrong(1009, "a text over the limit", (form) => [frame(1, "*".repeat(messageBytesMax + 1), form)]),
  wrong(1009, "a length far over the limit", (form) => [frame(2, "", { ...form, length: 2 ** 53, lengthBytes: 8 })]),
  wrong(1009, "parts that are over the limit together", (form) => [
    frame(2, Buffer.alloc(60_000), { ...form, final: false }),
    frame(0, Buffer.alloc(60_000), form),
  ]),
  wrong(1009, "a flood of small parts", (form) => [
    frame(2, "", { ...form, final: false }),
    ...Array.from({ length: 1001 }, () => frame(0, Buffer.alloc(100), { ...form, final: false })),
  ]),
  // Beyond Autobahn: RFC 6455 §5.1, §5.2.
  wrong(1002, "the other side's masking", ({ masked }) => [frame(1, text, { masked: masked !== true })]),
  wrong(1002, "the other side's masking in a ping", ({ masked }) => [frame(9, "", { masked: masked !== true })]),
  wrong(1002, "a length of 2 bytes where 1 does", (form) => [frame(1, "a", { ...form, lengthBytes: 2 })]),
  wrong(1002, "a length of 8 bytes where 1 does", (form) => [frame(1, "a", { ...form, lengthBytes: 8 })]),
  wrong(1002, "a length of 8 bytes where 2 do", (form) => [frame(1, "a".repeat(300), { ...form, lengthBytes: 8 })]),
];
