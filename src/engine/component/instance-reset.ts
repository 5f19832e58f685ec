import type { AbiInstance } from "../../component/abi/component-code.ts";
import { DescriptorOutputStream } from "../../wasi/p2/descriptor-streams.ts";
import { FileDescriptor } from "../../wasi/p2/filesystem/file-descriptor.ts";
import type { HttpHost } from "../../wasi/p2/http/host.ts";
import { Terminal } from "../../wasi/p2/terminal.ts";
import { ResetImage } from "../reset/reset-image.ts";
import { ResetPoint } from "../reset/reset-point.ts";
import type { ComponentProgram } from "./component-program.ts";
import type { OpenComponent } from "./open-component.ts";

/** Of each program, what its instances hold once they are initialised. */
const images = new WeakMap<ComponentProgram, ResetImage>();

/**
 * Whether an object of the host's that a guest has since its initialisation is the same after any request: directories and what
 * it writes to. Others have a position, a deadline or fields, which the next request would find as this one left them.
 */
function isUnchanging(held: unknown): boolean {
  return held instanceof FileDescriptor || held instanceof DescriptorOutputStream || held instanceof Terminal;
}

/** Puts an instance of a component back: its memories and globals, and what the host holds for it. */
export class InstanceReset {
  readonly #instance: AbiInstance;
  readonly #point: ResetPoint;

  private constructor(instance: AbiInstance, point: ResetPoint) {
    this.#instance = instance;
    this.#point = point;
  }

  /** Of an instance that is initialised and was not called yet; undefined for one that must not be put back, or was not rewritten for it. */
  static of(
    program: ComponentProgram,
    { instance, exports, marked, varies }: OpenComponent,
  ): InstanceReset | undefined {
    if (varies || program.cores.some(({ interruptible }) => interruptible === undefined)) return undefined;
    let image = images.get(program);
    // One whose initialisation learnt something else has an image of its own.
    if (image?.matches(marked.all) !== true) {
      const own = new ResetImage(marked.all, exports);
      if (image === undefined) images.set(program, own);
      image = own;
    }
    if (!instance.keepHandles().every(isUnchanging)) return undefined;
    return new InstanceReset(instance, new ResetPoint(image, marked.all, exports));
  }

  /** False: the instance must not be used again. */
  run(host: HttpHost): boolean {
    // In any order: that a child outlives its parent is no mistake of the guest's then.
    host.http.dropping = true;
    try {
      if (!this.#instance.resetHandles()) return false;
    } finally {
      host.http.end();
      host.http.dropping = false;
    }
    return this.#point.reset();
  }
}
