import { constants } from "node:fs";

/** Flags of openat: the architecture's where they differ (O_DIRECTORY, O_NOFOLLOW), from node:fs. */
export const open = {
  readOnly: constants.O_RDONLY,
  writeOnly: constants.O_WRONLY,
  readWrite: constants.O_RDWR,
  create: constants.O_CREAT,
  exclusive: constants.O_EXCL,
  append: constants.O_APPEND,
  nonblock: constants.O_NONBLOCK,
  directory: constants.O_DIRECTORY,
  noFollow: constants.O_NOFOLLOW,
  noTerminal: constants.O_NOCTTY,
  // asm-generic/fcntl.h; node:fs does not have these, and no architecture of Node's differs.
  path: 0o10000000,
  closeOnExec: 0o2000000,
} as const;
