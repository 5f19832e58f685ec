import type { GuestResource } from "./types.ts";

/**
 * A function that the host offers to a component. Arguments and result are what types.ts says; a method gets its resource first.
 * What it throws ends the guest: errors that the guest is to see are results. Only a function that is named as blocking may give
 * a promise, and does so only when it must wait.
 */
// biome-ignore lint/suspicious/noExplicitAny: each function has the types of its WIT declaration, which the linker compares
export type HostCall = (...args: any[]) => unknown;

/** One WIT interface that the host implements, for hosts of the type `H`. */
export interface HostInterface<H> {
  /** `wasi:io/streams`, without a version. */
  readonly name: string;
  /** The versions that it answers to: all patches of this one, `0.2` for `0.2.0` to `0.2.99`. */
  readonly version: string;
  /** The interface as text in WIT, `interface streams { … }`; types of other interfaces come by `use`. Imports are compared with it. */
  readonly wit: string;
  /** Names of the functions that may give a promise. */
  readonly blocking: readonly string[];
  /**
   * The functions for one instance, by their names in the component (`[method]input-stream.read`, `[constructor]fields`,
   * `[static]fields.from-list`), and `[resource-drop]NAME` for each resource, called with the object when its owner drops it.
   */
  functions(host: H): Readonly<Record<string, HostCall>>;
}

/** What a component's instance is made with. */
export interface ComponentEnvironment {
  /**
   * Makes the n-th core instance of the plan. `imports` are all that the plan names; whatever the module needs beside them (what rewriting
   * added) is the environment's. A start function has run when this is done.
   */
  instantiate(coreInstance: number, imports: WebAssembly.Imports): WebAssembly.Exports | Promise<WebAssembly.Exports>;
  /** Calls the initializer of a core instance, as it would have run a start function. */
  initialize(coreInstance: number, initializer: WebAssembly.ExportValue): void | Promise<void>;
  /** The function for an import of the plan: `[resource-drop]NAME` for the drop of a resource of the host's. */
  hostFunction(interfaceName: string, name: string): HostCall;
  /** Called at the beginning of each call into the host, and when a promise of one has settled; what it throws ends the guest. */
  enter(): void;
  /**
   * The cards of a memory: one byte for each 4 KiB of it, to be set to 1 for what is written into the memory from here. Undefined when the
   * instance is not to be reset.
   */
  cards(memory: WebAssembly.Memory): Uint8Array | undefined;
  /**
   * How many calls into the guest are under way in which it cannot be suspended (realloc, post-return and the like, which have a
   * frame of JavaScript below them): the generated code counts here, for preemption to know.
   */
  readonly nested?: { depth: number };
}

/** An instance of a component. */
export interface ComponentInstance {
  /**
   * Calls an exported function. Rejects with what the guest trapped with; then the instance must not be used again. Arguments of
   * type own are the guest's from then on, borrows are its until the call is over.
   */
  call(interfaceName: string, name: string, args: readonly unknown[]): Promise<unknown>;
  /** Handles that the guest holds. */
  readonly handles: number;
  /**
   * What the guest holds now, once it is initialised, is what {@link resetHandles} goes back to. Gives the host's objects among it, whose own
   * state a reset does not put back.
   */
  keepHandles(): readonly unknown[];
  /**
   * Drops all handles that came since {@link keepHandles}, each by its resource's drop; all of them, as if it were new, when that was not called. False when the guest has given one away that it had
   * before: then it must not be used again.
   */
  resetHandles(): boolean;
  /** Drops a guest's resource that the host owns: its destructor runs. Rejects as {@link ComponentInstance.call} does. */
  dropResource(resource: GuestResource): Promise<void>;
}
