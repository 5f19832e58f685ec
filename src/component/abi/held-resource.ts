import { assert } from "../../base/assert.ts";
import type { GuestResource, ResourceType } from "../types.ts";
import type { InstanceState } from "./instance-state.ts";

/** A guest's resource in the host's hands: its own until it gives it back, or lent to it for a call. */
export class HeldResource implements GuestResource {
  readonly type: ResourceType;
  readonly rep: number;
  readonly #state: InstanceState;
  readonly #generation: number;
  #owned: boolean;

  constructor(state: InstanceState, type: ResourceType, rep: number, owned: boolean) {
    this.type = type;
    this.rep = rep >>> 0;
    this.#state = state;
    this.#generation = state.generation;
    this.#owned = owned;
  }

  check(state: InstanceState, type: ResourceType): void {
    assert(state === this.#state && type === this.type, "a guest's resource of another instance or type");
  }

  /** What the guest is given back. */
  release(): number {
    assert(this.#owned, "a guest's resource that was dropped, given back or only lent");
    this.#owned = false;
    return this.borrow();
  }

  borrow(): number {
    assert(this.#generation === this.#state.generation, "a guest's resource from before a reset");
    return this.rep;
  }
}
