import { type Filetype, filetype } from "../descriptor.ts";

/** What stat() tells of a file. Times are nanoseconds since 1970. */
export interface FileStatus {
  readonly device: bigint;
  readonly inode: bigint;
  readonly type: Filetype;
  readonly links: bigint;
  readonly size: bigint;
  readonly accessed: bigint;
  readonly modified: bigint;
  readonly changed: bigint;
  /** /dev/null or /dev/zero: those that are opened, since they neither block nor act, and programs take them for granted. */
  readonly isHarmlessDevice?: boolean;
}

/** Documentation/admin-guide/devices.txt of Linux: character devices 1:3 and 1:5. */
const harmlessDevices = { major: 1, null: 3, zero: 5 } as const;

/** Size of `struct statx` (linux/stat.h), the same on every architecture. */
export const statxBytes = 256;

/** STATX_BASIC_STATS of linux/stat.h: all that stat() gives. */
export const statxMask = 0x7ff;

/** By the file type bits of `st_mode`, shifted down by 12; these are also the `d_type` of getdents64. */
const types: readonly (Filetype | undefined)[] = [
  undefined,
  undefined, // FIFO: WASI has no name for it
  filetype.characterDevice,
  undefined,
  filetype.directory,
  undefined,
  filetype.blockDevice,
  undefined,
  filetype.regularFile,
  undefined,
  filetype.symbolicLink,
  undefined,
  filetype.streamSocket,
];

/** The type of `d_type` (DT_REG and so on), which is `S_IFMT >> 12`. */
export function typeOfEntry(dType: number): Filetype {
  return types[dType] ?? filetype.unknown;
}

/** Reads a `struct statx`. */
export function decodeStatus(view: DataView): FileStatus {
  const type = typeOfEntry(view.getUint16(28, true) >> 12);
  const minor = view.getUint32(132, true);
  return {
    device: (BigInt(view.getUint32(136, true)) << 32n) | BigInt(view.getUint32(140, true)),
    inode: view.getBigUint64(32, true),
    type,
    links: BigInt(view.getUint32(16, true)),
    size: view.getBigUint64(40, true),
    accessed: time(view, 64),
    modified: time(view, 112),
    changed: time(view, 96),
    isHarmlessDevice:
      type === filetype.characterDevice &&
      view.getUint32(128, true) === harmlessDevices.major &&
      (minor === harmlessDevices.null || minor === harmlessDevices.zero),
  };
}

function time(view: DataView, at: number): bigint {
  const nanoseconds = view.getBigInt64(at, true) * 1_000_000_000n + BigInt(view.getUint32(at + 8, true));
  // WASI's timestamp is unsigned: what is older than 1970 has no value there.
  return nanoseconds < 0n ? 0n : nanoseconds;
}
