import type { DescriptorTable } from "../descriptor-table.ts";
import type { GuestMemory } from "./memory.ts";

/** What the preview-1 functions need of the instance that they are called by. */
export interface Guest {
  readonly table: DescriptorTable;
  /** Views of the guest's memory, made anew after growth. */
  readonly memory: GuestMemory;
}
