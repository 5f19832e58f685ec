import { type Filetype, filetype } from "../../descriptor.ts";
import type { NewTime } from "../../files/file-system.ts";
import type { FileStatus } from "../../files/status.ts";
import { type Datetime, datetime, nanosecondsOf } from "../datetime.ts";

/** `wasi:filesystem/types.descriptor-type` by preview 1's number. */
const types: Readonly<Record<Filetype, string>> = {
  [filetype.unknown]: "unknown",
  [filetype.blockDevice]: "block-device",
  [filetype.characterDevice]: "character-device",
  [filetype.directory]: "directory",
  [filetype.regularFile]: "regular-file",
  [filetype.datagramSocket]: "socket",
  [filetype.streamSocket]: "socket",
  [filetype.symbolicLink]: "symbolic-link",
};

export function descriptorType(type: number): string {
  return types[type as Filetype] ?? "unknown";
}

/** `wasi:filesystem/types.descriptor-stat` */
export interface DescriptorStat {
  readonly type: string;
  readonly linkCount: bigint;
  readonly size: bigint;
  readonly dataAccessTimestamp: Datetime | undefined;
  readonly dataModificationTimestamp: Datetime | undefined;
  readonly statusChangeTimestamp: Datetime | undefined;
}

export function descriptorStat(status: FileStatus): DescriptorStat {
  return {
    type: descriptorType(status.type),
    linkCount: status.links,
    size: status.size,
    dataAccessTimestamp: datetime(status.accessed),
    dataModificationTimestamp: datetime(status.modified),
    statusChangeTimestamp: datetime(status.changed),
  };
}

/** `wasi:filesystem/types.new-timestamp` */
export type NewTimestamp =
  | { readonly tag: "no-change"; readonly val: undefined }
  | { readonly tag: "now"; readonly val: undefined }
  | { readonly tag: "timestamp"; readonly val: Datetime };

export function newTime(timestamp: NewTimestamp): NewTime {
  switch (timestamp.tag) {
    case "no-change":
      return undefined;
    case "now":
      return "now";
    case "timestamp":
      return nanosecondsOf(timestamp.val);
  }
}
