import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { connectorCalls } from "./connector-policy.ts";
import type { Architecture } from "./filter.ts";
import { callsFilter, sealingFilter } from "./filter.ts";
import type { Numbers } from "./policy.ts";
import { allowed, checked, refused, sealed, untilSealed, workerCalls } from "./policy.ts";

const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;
const KILL = 0x80000000;
const audit = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;

/** Runs a program as the kernel would (net/core/filter.c), over the data of one call. */
function run(program: Buffer, architecture: number, number: number, args: readonly (number | bigint)[] = []): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number >>> 0, 0);
  data.writeUInt32LE(architecture, 4);
  for (const [index, value] of args.entries()) data.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), 16 + 8 * index);
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 8) {
    const [ifTrue, ifFalse] = [program.readUInt8(at + 2), program.readUInt8(at + 3)];
    const k = program.readUInt32LE(at + 4);
    const code = program.readUInt16LE(at);
    if (code === 0x06) return k;
    if (code === 0x20) accumulator = data.readUInt32LE(k);
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (code === 0x15) at += 8 * (accumulator === k ? ifTrue : ifFalse);
    else if (code === 0x35) at += 8 * (accumulator >= k ? ifTrue : ifFalse);
    else assert.fail(`instruction 0x${code.toString(16)}`);
  }
  return assert.fail("the program runs off its end");
}

const pid = 4711;

for (const architecture of ["x64", "arm64"] as const satisfies Architecture[]) {
  const filter = callsFilter(workerCalls, architecture, pid);
  const number = (numbers: Numbers): number | undefined => numbers[architecture === "x64" ? 0 : 1];
  const ask = (numbers: Numbers | undefined, ...args: (number | bigint)[]): number =>
    run(filter, audit[architecture], number(numbers as Numbers) ?? assert.fail(), args);

  test(`callsFilter() for ${architecture} allows what is listed and nothing else`, () => {
    const listed = new Map<number, number>();
    for (const numbers of Object.values({ ...allowed, ...untilSealed })) listed.set(number(numbers) ?? -1, ALLOW);
    for (const { numbers } of Object.values(refused)) listed.set(number(numbers) ?? -1, ENOSYS);
    const inspected = new Set(Object.values(checked).map(({ numbers }) => number(numbers)));
    for (let call = 0; call < 1000; call++) {
      if (!inspected.has(call))
        assert.equal(run(filter, audit[architecture], call), listed.get(call) ?? EPERM, `${call}`);
    }
    assert.ok(filter.length / 8 < 4096, "BPF_MAXINSNS");
  });

  test(`callsFilter() for ${architecture} looks at arguments`, () => {
    const check = (name: string, args: (number | bigint)[], expected: number) =>
      assert.equal(ask(checked[name]?.numbers, ...args), expected, `${name}(${args.join(", ")})`);
    check("clone", [0x3d0f00], ALLOW);
    check("clone", [17], EPERM);
    for (const flag of [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000])
      check("clone", [0x3d0f00 | flag], EPERM);
    check("kill", [pid, 6], ALLOW);
    for (const other of [0, -1, 1, pid + 1, -pid]) check("kill", [other, 9], EPERM);
    check("tgkill", [pid, 3, 6], ALLOW);
    check("tgkill", [1, 1, 6], EPERM);
    for (const own of [0, pid]) check("prlimit64", [own, 7, 0, 0], ALLOW);
    check("prlimit64", [1, 7, 0, 0], EPERM);
    check("prctl", [15], ALLOW);
    check("prctl", [4, 0], ALLOW);
    check("prctl", [4, 1], EPERM);
    check("prctl", [22, 0], EPERM);
    check("ioctl", [0, 0x5421], ALLOW);
    check("ioctl", [0, 0x5412], EPERM);
    check("fcntl", [0, 4], ALLOW);
    check("fcntl", [0, 8], EPERM);
    for (const [name, at] of [
      ["sendto", 3],
      ["sendmsg", 2],
      ["sendmmsg", 3],
    ] as const) {
      const args = [0, 0, 0, 0];
      args[at] = 0x4040;
      check(name, args, ALLOW);
      args[at] = 0x20000040;
      check(name, args, EPERM);
    }
    check("setsockopt", [3, 6, 1], ALLOW);
    check("setsockopt", [3, 1, 9], ALLOW);
    check("setsockopt", [3, 6, 9], EPERM);
    check("setsockopt", [3, 1, 51], EPERM);
    check("setsockopt", [3, 0, 1], EPERM);
  });

  test(`callsFilter() for ${architecture} ends what calls by another ABI`, () => {
    const [read] = Object.values(allowed) as [Numbers];
    assert.equal(run(filter, audit[architecture === "x64" ? "arm64" : "x64"], number(read) as number), KILL);
    assert.equal(run(filter, 0x40000003, 4), KILL, "i386");
    assert.equal(run(filter, audit[architecture], 0x40000000), KILL, "x32");
    assert.equal(run(filter, audit[architecture], -1), KILL);
  });

  test(`callsFilter() for ${architecture} lets the connector make sockets of the internet, and change no file`, () => {
    const program = callsFilter(connectorCalls, architecture, pid);
    const asked = (name: string, ...args: number[]): number => {
      const { allowed: plain, checked: tested } = connectorCalls;
      const numbers = tested[name]?.numbers ?? plain[name] ?? workerCalls.allowed[name];
      return run(program, audit[architecture], number(numbers as Numbers) ?? assert.fail(name), args);
    };
    for (const family of [2, 10])
      for (const type of [1, 2, 0x80801, 0x80802]) assert.equal(asked("socket", family, type, 0), ALLOW);
    assert.equal(asked("socket", 2, 2, 17), ALLOW);
    for (let family = 0; family < 64; family++)
      for (const type of [1, 2, 3, 5, 10])
        if ((family !== 2 && family !== 10) || type > 2) assert.equal(asked("socket", family, type, 0), EPERM);
    for (const protocol of [1, 58, 132, 136, 255, 262]) assert.equal(asked("socket", 2, 2, protocol), EPERM);
    for (const type of [1, 5]) assert.equal(asked("socketpair", 1, 0x80800 | type, 0), ALLOW);
    assert.equal(asked("socketpair", 2, 1, 0), EPERM);
    for (const name of ["connect", "bind"]) assert.equal(asked(name), ALLOW);
    for (const name of ["unlinkat", "renameat2", "mkdirat", "ftruncate"]) assert.equal(asked(name), EPERM, name);
  });

  test(`sealingFilter() for ${architecture} takes away what only the start needs`, () => {
    const seal = sealingFilter(architecture);
    const taken = new Set(Object.values(sealed).map(number));
    for (let call = 0; call < 1000; call++)
      assert.equal(run(seal, audit[architecture], call), taken.has(call) ? EPERM : ALLOW, `${call}`);
  });
}

/** `#define __NR_read 0`; arm64's file names some calls by both word sizes. */
function headerNumbers(path: string): Map<string, number> {
  const lines = readFileSync(path, "utf8").matchAll(/^#define __NR(?:3264)?_(\w+)\s+(\d+)$/gm);
  return new Map([...lines].map(([, name, value]) => [name as string, Number(value)]));
}

const headers = {
  x64: "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
  arm64: "/usr/include/asm-generic/unistd.h",
} as const;

for (const [index, architecture] of (["x64", "arm64"] as const).entries()) {
  const path = headers[architecture];
  test(`the numbers for ${architecture} are the kernel's`, { skip: !existsSync(path) && `no ${path}` }, () => {
    const known = headerNumbers(path);
    // fstatat by its old name.
    if (!known.has("newfstatat")) known.set("newfstatat", known.get("fstatat") as number);
    const all = { ...allowed, ...connectorCalls.allowed, ...sealed };
    for (const [name, call] of Object.entries({ ...checked, ...connectorCalls.checked, ...refused }))
      all[name] = call.numbers;
    for (const [name, numbers] of Object.entries(all)) assert.equal(numbers[index], known.get(name), name);
  });
}
