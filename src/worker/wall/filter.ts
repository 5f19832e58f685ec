import { assert } from "../../base/assert.ts";
import type { ArgumentTest, CheckedCall, Numbers, SystemCalls } from "./policy.ts";
import { refused, sealed, untilSealed } from "./policy.ts";

export type Architecture = "x64" | "arm64";

/** One instruction of classic BPF: `struct sock_filter` (linux/filter.h). */
type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, k: number];

const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;
const KILL_PROCESS = 0x80000000;
const EPERM = 1;

/** AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64 (linux/audit.h). */
const auditArchitecture = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;
/** Calls of the x32 ABI have this bit set; no other number is as high. */
const x32Bit = 0x40000000;

/** Fields of `struct seccomp_data` (linux/seccomp.h); both architectures are little-endian. */
const offset = { number: 0, architecture: 4, argument: (index: number): number => 16 + 8 * index } as const;

const load = (at: number): Instruction => [0x20, 0, 0, at];
const and = (mask: number): Instruction => [0x54, 0, 0, mask];
const jumpIfEqual = (k: number, ifTrue: number, ifFalse: number): Instruction => [0x15, ifTrue, ifFalse, k];
const jumpIfAtLeast = (k: number, ifTrue: number, ifFalse: number): Instruction => [0x35, ifTrue, ifFalse, k];
const answer = (k: number): Instruction => [0x06, 0, 0, k];

/** A list for the process with this id, which execve keeps. */
export function callsFilter({ allowed, checked }: SystemCalls, architecture: Architecture, pid: number): Buffer {
  const program = prologue(architecture);
  // First, since each of these costs a run of the program; for the others the kernel remembers the answer.
  for (const call of Object.values(checked)) program.push(...checkedCall(call, architecture, pid));
  for (const numbers of Object.values({ ...allowed, ...untilSealed }))
    program.push(...decide(numbers, architecture, ALLOW));
  for (const { numbers, errno } of Object.values(refused))
    program.push(...decide(numbers, architecture, ERRNO | errno));
  program.push(answer(ERRNO | EPERM));
  return encode(program);
}

/** What is put on top once the worker runs: no other program, no further filter. */
export function sealingFilter(architecture: Architecture): Buffer {
  const program = prologue(architecture);
  for (const numbers of Object.values(sealed)) program.push(...decide(numbers, architecture, ERRNO | EPERM));
  program.push(answer(ALLOW));
  return encode(program);
}

/** Leaves the call's number loaded. A call of another ABI has other numbers, so it ends the process. */
function prologue(architecture: Architecture): Instruction[] {
  return [
    load(offset.architecture),
    jumpIfEqual(auditArchitecture[architecture], 1, 0),
    answer(KILL_PROCESS),
    load(offset.number),
    jumpIfAtLeast(x32Bit, 0, 1),
    answer(KILL_PROCESS),
  ];
}

function numberOn(architecture: Architecture, [x64, arm64]: Numbers): number | undefined {
  return architecture === "x64" ? x64 : arm64;
}

function decide(numbers: Numbers, architecture: Architecture, result: number): Instruction[] {
  const number = numberOn(architecture, numbers);
  return number === undefined ? [] : [jumpIfEqual(number, 0, 1), answer(result)];
}

function checkedCall({ numbers, rules }: CheckedCall, architecture: Architecture, pid: number): Instruction[] {
  const number = numberOn(architecture, numbers);
  if (number === undefined) return [];
  const body = rules.flatMap((tests) => rule(tests, pid));
  body.push(answer(ERRNO | EPERM));
  // Jumps are one byte wide.
  assert(body.length <= 255, "the rules of one call are too long");
  return [jumpIfEqual(number, 0, body.length), ...body];
}

/** Answers "allowed" when every test holds, else goes on behind itself. */
function rule(tests: readonly ArgumentTest[], pid: number): Instruction[] {
  const code: Instruction[] = [answer(ALLOW)];
  // From the back, so that each test knows how far it is to the end.
  for (const test of tests.toReversed()) {
    const failed = code.length;
    if ("mask" in test) {
      code.unshift(load(offset.argument(test.arg)), and(test.mask), jumpIfEqual(test.equals, 0, failed));
      continue;
    }
    const values = test.in.map((value) => (value === "self" ? pid : value));
    const compare = values.map((value, index) =>
      index === values.length - 1 ? jumpIfEqual(value, 0, failed) : jumpIfEqual(value, values.length - 1 - index, 0),
    );
    code.unshift(load(offset.argument(test.arg)), ...compare);
  }
  return code;
}

function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(([code, ifTrue, ifFalse, k], index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(k >>> 0, index * 8 + 4);
  });
  return bytes;
}
