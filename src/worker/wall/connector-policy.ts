import { allowed, type CheckedCall, checked, type Numbers, type SystemCalls, typeMask } from "./policy.ts";

// What the connector may ask of the kernel: what a worker may, without changing any file, and sockets to the outside. It runs
// no guest and gives V8 nothing to compile but our own code.

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_SEQPACKET = 5;

const noFiles = [
  "mkdirat",
  "unlinkat",
  "renameat",
  "renameat2",
  "linkat",
  "symlinkat",
  "ftruncate",
  "fallocate",
  "fsync",
  "fdatasync",
  "utimensat",
];

const kept: Readonly<Record<string, Numbers>> = Object.fromEntries(
  Object.entries(allowed).filter(([name]) => !noFiles.includes(name)),
);

// IPPROTO_IP (whichever the type has), _TCP, _UDP: no raw packets, no ICMP.
const socket: CheckedCall = {
  numbers: [41, 198],
  rules: [SOCK_STREAM, SOCK_DGRAM].map((type) => [
    { arg: 0, in: [AF_INET, AF_INET6] },
    { arg: 1, mask: typeMask, equals: type },
    { arg: 2, in: [0, 6, 17] },
  ]),
};

// Lanes between two workers, and of datagrams.
const socketpair: CheckedCall = {
  numbers: [53, 199],
  rules: [SOCK_STREAM, SOCK_SEQPACKET].map((type) => [
    { arg: 0, in: [AF_UNIX] },
    { arg: 1, mask: typeMask, equals: type },
  ]),
};

export const connectorCalls: SystemCalls = {
  allowed: {
    ...kept,
    connect: [42, 203],
    // A port for datagrams; landlock keeps it from TCP ports.
    bind: [49, 200],
  },
  checked: { ...checked, socket, socketpair },
};
