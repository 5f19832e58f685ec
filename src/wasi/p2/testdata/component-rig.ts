import { ComponentCode, instantiateComponent } from "../../../component/abi/component-code.ts";
import { decodeComponent } from "../../../component/decode.ts";
import { hostTypes } from "../../../component/host-types.ts";
import { decodeModules, linkComponent } from "../../../component/link.ts";
import { matchImports } from "../../../component/match-imports.ts";
import type { ComponentPlan } from "../../../component/plan.ts";
import { bindInterfaces, interfaces, interfacesByName } from "../bind.ts";
import { Exited, type TestHost } from "./test-host.ts";

/** A component that is ready to be instantiated. */
export interface Prepared {
  readonly plan: ComponentPlan;
  readonly code: ComponentCode;
  readonly modules: readonly WebAssembly.Module[];
}

const offered = hostTypes(interfaces);
const byName = interfacesByName(interfaces);
const blocking = new Map(interfaces.map(({ name, blocking: names }) => [name, new Set(names)]));

/** Links a component, and compares its imports with what is offered. */
export async function prepare(bytes: Uint8Array): Promise<Prepared> {
  const component = decodeComponent(bytes);
  const plan = linkComponent(component, decodeModules(component), { hostResource: offered.hostResource });
  matchImports(plan, offered);
  const code = new ComponentCode(plan, {
    blocks: (imported) => blocking.get(imported.interface)?.has(imported.name) === true,
    preemptive: false,
    name: "guest",
  });
  const modules = await Promise.all(
    plan.modules.map(({ start, end }) => WebAssembly.compile(new Uint8Array(bytes.subarray(start, end)))),
  );
  return { plan, code, modules };
}

/** Runs `wasi:cli/run` to its end: its exit code. Rejects with what it trapped with. */
export async function run({ plan, code, modules }: Prepared, host: TestHost): Promise<number> {
  const { thread } = host;
  thread.start();
  try {
    const instance = await instantiateComponent(code, {
      instantiate: (index, imports) =>
        new WebAssembly.Instance(modules[plan.coreInstances[index]!.module]!, imports).exports,
      initialize: (_, initializer) => (initializer as () => void)(),
      hostFunction: bindInterfaces(byName, host),
      enter() {
        if (thread.ended !== undefined) throw thread.ended;
      },
      cards: () => undefined,
    });
    const { tag } = (await instance.call("wasi:cli/run", "run", [])) as { tag: "ok" | "err" };
    return tag === "ok" ? 0 : 1;
  } catch (error) {
    if (error instanceof Exited) return error.code;
    throw error;
  } finally {
    thread.stop();
  }
}
