import { assert } from "../../base/assert.ts";
import { filetype } from "../descriptor.ts";
import { InputStream as StandardInput, OutputStream as StandardOutput } from "../stdio.ts";
import { DescriptorInputStream, DescriptorOutputStream } from "./descriptor-streams.ts";
import type { P2Host } from "./host.ts";
import { SharedDescriptor } from "./shared-descriptor.ts";

const numbers = { stdin: 0, stdout: 1, stderr: 2 } as const;

/** A stream of its own for each call, all on the one descriptor that stays open until the guest ends. */
export function standardInput(host: P2Host): DescriptorInputStream {
  const input = host.table.get(numbers.stdin);
  assert(input instanceof StandardInput, "descriptor 0 is standard input");
  return new DescriptorInputStream(host, SharedDescriptor.kept(host.table, numbers.stdin, input), input);
}

/** As {@link standardInput}. */
export function standardOutput(host: P2Host, which: "stdout" | "stderr"): DescriptorOutputStream {
  const output = host.table.get(numbers[which]);
  assert(output instanceof StandardOutput, "descriptors 1 and 2 are standard output and error");
  return new DescriptorOutputStream(host, SharedDescriptor.kept(host.table, numbers[which], output), output);
}

export function isTerminal({ table }: P2Host, which: keyof typeof numbers): boolean {
  return table.get(numbers[which])?.type === filetype.characterDevice;
}
