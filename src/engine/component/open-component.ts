import { type AbiInstance, instantiateComponent } from "../../component/abi/component-code.ts";
import type { HttpHost } from "../../wasi/p2/http/host.ts";
import { instantiateCore, promising, runStart } from "../core-instance.ts";
import type { Launch } from "../launch.ts";
import { MarkedMemories } from "../reset/marked-memories.ts";
import type { ComponentProgram } from "./component-program.ts";
import { bindOffers } from "./offers.ts";

/** What its calls may learn that differs from one instance to the next. */
const variable = /^wasi:(?:random|clocks)\//;

/** An instance of a component that is initialised. */
export interface OpenComponent {
  readonly instance: AbiInstance;
  /** Of its core instances, in the order of the plan. */
  readonly exports: readonly WebAssembly.Exports[];
  /** Of those memories that are marked. */
  readonly marked: MarkedMemories;
  /**
   * Whether initialising it called for what differs from instance to instance, random bytes above all: one that goes back to such a state
   * would give the same tokens to all clients.
   */
  readonly varies: boolean;
}

/** Instantiates a component. Rejects with what the guest trapped with. The guest's thread must be running. */
export async function openComponent(
  program: ComponentProgram,
  launch: Pick<Launch, "account" | "cpu" | "thread" | "onOverrun">,
  host: HttpHost,
): Promise<OpenComponent> {
  const { plan, cores, code } = program;
  const { thread, account } = launch;
  const functions = bindOffers(host);
  const exports: WebAssembly.Exports[] = [];
  const memories: WebAssembly.Memory[] = [];
  const tables: WebAssembly.Table[] = [];
  const marked = new MarkedMemories();
  const nested = { depth: 0 };
  let initialising: boolean = true;
  let varies: boolean = false;
  const instance = await instantiateComponent(code, {
    nested,
    instantiate(index, imports) {
      const core = cores[plan.coreInstances[index]!.module]!;
      const made = instantiateCore(core, imports, {
        ...launch,
        nested,
        addImports: (all) => marked.addTo(all, core.cards),
      });
      exports.push(made.exports);
      memories.push(...made.memories);
      tables.push(...made.tables);
      account.attach(memories, tables);
      return runStart(made)?.then(() => made.exports) ?? made.exports;
    },
    initialize: (_, initializer) => promising(initializer)(),
    hostFunction(interfaceName, name) {
      const call = functions(interfaceName, name);
      if (!variable.test(interfaceName)) return call;
      return (...args) => {
        if (initialising) varies = true;
        return call(...args);
      };
    },
    enter() {
      if (thread.ended !== undefined) throw thread.ended;
    },
    cards: (memory) => marked.cardsOf(memory),
  });
  initialising = false;
  return { instance, exports, marked, varies };
}
