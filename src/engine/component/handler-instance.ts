import type { HttpContext, HttpHost } from "../../wasi/p2/http/host.ts";
import { uncatchableError } from "../../wasi/uncatchable.ts";
import type { CpuTerms } from "../cpu/preemption.ts";
import type { Exit } from "../exit.ts";
import { GuestContext } from "../guest-context.ts";
import { GuestEnding } from "../guest-ending.ts";
import type { GuestOptions } from "../guest-options.ts";
import { keepGuestFrames } from "../trap.ts";
import { componentHost } from "./component-host.ts";
import type { ComponentProgram } from "./component-program.ts";
import { InstanceReset } from "./instance-reset.ts";
import { type OpenComponent, openComponent } from "./open-component.ts";

const handler = "wasi:http/incoming-handler";

/**
 * An instance of a component that is called with requests, one at a time, and can be put back to its state after initialisation. Its guest
 * keeps what it is given (descriptors, network, standard streams) for as long as it lives.
 */
export class HandlerInstance {
  readonly host: HttpHost;
  readonly #context: GuestContext;
  #component: OpenComponent | undefined;
  #reset: InstanceReset | undefined;
  readonly #ending: GuestEnding;
  #ended: boolean = false;
  /** At its end. */
  #memoryBytes = 0;

  private constructor(program: ComponentProgram, options: GuestOptions, http: HttpContext) {
    this.#context = new GuestContext(program, options);
    this.#ending = new GuestEnding(this.#context.thread);
    this.host = componentHost(this.#context.host(this.#ending.exit), http);
  }

  /**
   * Makes an instance and initialises it; how it ended, if its initialisation did not get to its end. Rejects with what
   * {@link GuestContext} throws.
   */
  static async start(
    program: ComponentProgram,
    options: GuestOptions,
    http: HttpContext,
  ): Promise<HandlerInstance | Exit> {
    const instance = new HandlerInstance(program, options, http);
    return (await instance.#initialise(program, options.cpu)) ?? instance;
  }

  get memoryBytes(): number {
    return this.#ended ? this.#memoryBytes : this.#context.account.bytes;
  }

  get cpuMs(): number {
    return this.#context.thread.cpuMs;
  }

  get waiting(): boolean {
    return this.#context.thread.parked;
  }

  /** Calls the handler. Rejects with what the guest trapped with; then the instance is of no more use. */
  async handle(request: unknown, out: unknown): Promise<void> {
    const { thread } = this.#context;
    await thread.entered();
    try {
      await this.#component?.instance.call(handler, "handle", [request, out]);
    } finally {
      thread.stop();
    }
  }

  /** How the guest ended, by what a call rejected with. */
  exitOf(error: unknown): Exit {
    return this.#ending.of(error);
  }

  /** Puts everything back, between requests. False when that cannot be: then the instance was ended. */
  reset(): boolean {
    if (this.#ended || this.#reset === undefined) return false;
    if (this.#reset.run(this.host)) return true;
    this.kill("it cannot be used again");
    return false;
  }

  /** Ends the guest, whatever it does, and lets go of everything. */
  kill(reason: string): void {
    if (this.#ended) return;
    this.#end(this.#ending.kill(reason));
  }

  async #initialise(program: ComponentProgram, cpu: CpuTerms | undefined): Promise<Exit | undefined> {
    const { thread, account } = this.#context;
    keepGuestFrames();
    await thread.entered();
    try {
      const launch = { account, thread, cpu, onOverrun: this.#ending.overrun };
      this.#component = await openComponent(program, launch, this.host);
      this.#reset = InstanceReset.of(program, this.#component);
      return undefined;
    } catch (error) {
      const exit = this.#ending.of(error);
      thread.end(uncatchableError("ended"));
      this.#end(exit);
      return exit;
    } finally {
      thread.stop();
    }
  }

  #end(exit: Exit): void {
    this.#memoryBytes = this.memoryBytes;
    this.#ended = true;
    this.#context.thread.stop();
    this.host.http.dropping = true;
    this.host.http.end();
    this.#component = undefined;
    this.#reset = undefined;
    this.#context.close(exit);
  }
}
