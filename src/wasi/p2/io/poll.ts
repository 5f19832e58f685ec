import type { HostCall, HostInterface } from "../../../component/host.ts";
import type { Waited } from "../../guest-thread.ts";
import type { P2Host } from "../host.ts";
import type { Pollable } from "../pollable.ts";
import { trap } from "../trap.ts";

/** All are looked at again each time that one wakes. */
const pollablesMax = 4096;

const methods: Record<string, HostCall> = {
  "[method]pollable.ready": (self: Pollable) => self.ready(),
  "[method]pollable.block": (self: Pollable) => self.block(),
  "[resource-drop]pollable": (self: Pollable) => self.drop(),
};

export const ioPoll: HostInterface<P2Host> = {
  name: "wasi:io/poll",
  version: "0.2",
  wit: `
    interface poll {
      resource pollable {
        ready: func() -> bool;
        block: func();
      }
      poll: func(in: list<borrow<pollable>>) -> list<u32>;
    }`,
  blocking: ["[method]pollable.block", "poll"],
  functions: (host) => ({ ...methods, poll: (pollables: readonly Pollable[]) => poll(host, pollables) }),
};

function poll({ thread }: P2Host, pollables: readonly Pollable[]): readonly number[] | Promise<readonly number[]> {
  if (pollables.length === 0) trap("poll was called without pollables");
  if (pollables.length > pollablesMax) trap(`poll was called with more than ${pollablesMax} pollables`);
  const look = (): number[] | undefined => {
    let ready: number[] | undefined;
    for (const [index, { target }] of pollables.entries()) {
      if (!target.ready()) continue;
      if (ready === undefined) ready = [index];
      else ready.push(index);
    }
    return ready;
  };
  const ready = look();
  // Without a pause now and then no bytes of the host's sockets come in.
  if (ready !== undefined) return thread.overdue ? thread.pause(ready) : ready;
  const waited: Waited[] = [];
  let deadline: bigint | undefined;
  for (const { target } of pollables) {
    if (target.waited !== undefined) waited.push(target.waited);
    if (target.deadline !== undefined && (deadline === undefined || target.deadline < deadline))
      deadline = target.deadline;
  }
  return thread.park(waited, look, deadline === undefined ? undefined : () => deadline);
}
