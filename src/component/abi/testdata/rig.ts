import { wat } from "../../../wasm/rewrite/testdata/wat.ts";
import type { ComponentEnvironment, HostCall } from "../../host.ts";
import type { ComponentPlan, HostFunctionImport } from "../../plan.ts";
import type { FunctionType, ValueType } from "../../types.ts";
import { type AbiInstance, ComponentCode, type ComponentCodeOptions, instantiateComponent } from "../component-code.ts";
import { type Encoding, echoModule, echoPlan, identity } from "./echo-guest.ts";

export interface Rig {
  /** By name: what the guest imports. */
  readonly functions?: Readonly<Record<string, HostCall>>;
  readonly blocks?: (imported: HostFunctionImport) => boolean;
  readonly options?: Partial<ComponentCodeOptions>;
  readonly environment?: Partial<ComponentEnvironment>;
}

export interface RigInstance {
  readonly instance: AbiInstance;
  /** By core instance: all its exports. */
  readonly cores: readonly WebAssembly.Exports[];
  readonly code: ComponentCode;
}

/** An instance of a plan of which the module of each core instance is given as text or binary. */
export async function instantiate(
  plan: ComponentPlan,
  modules: readonly (string | Uint8Array)[],
  rig: Rig = {},
): Promise<RigInstance> {
  return (await prepare(plan, modules, rig))();
}

/** As {@link instantiate}: makes as many as are wanted. */
export async function prepare(
  plan: ComponentPlan,
  modules: readonly (string | Uint8Array)[],
  rig: Rig = {},
): Promise<() => Promise<RigInstance>> {
  const compiled = await Promise.all(modules.map(async (module) => new WebAssembly.Module(await bytesOf(module))));
  const code = new ComponentCode(plan, {
    blocks: rig.blocks ?? (() => false),
    preemptive: false,
    name: "test",
    ...rig.options,
  });
  return async () => {
    const cores: WebAssembly.Exports[] = [];
    const instance = await instantiateComponent(code, {
      instantiate(index, imports) {
        const { exports } = new WebAssembly.Instance(compiled[plan.coreInstances[index]!.module]!, imports);
        cores[index] = exports;
        return exports;
      },
      initialize: (_, initializer) => (initializer as () => void)(),
      hostFunction(_, name) {
        const call = rig.functions?.[name];
        if (call === undefined) throw new Error(`no host function ${name}`);
        return call;
      },
      enter() {},
      cards: () => undefined,
      ...rig.environment,
    });
    return { instance, cores, code };
  };
}

async function bytesOf(module: string | Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(typeof module === "string" ? await wat(module) : module);
}

/** What a value is once it went into a guest, out of it to the host, in again and out again; and what the host got. */
export async function roundTrip(
  type: ValueType,
  values: readonly unknown[],
  encoding: Encoding = "utf8",
): Promise<readonly { readonly seen: unknown; readonly answer: unknown }[]> {
  let seen: unknown;
  const { instance } = await echo(identity(type), encoding, {
    functions: {
      f: (value) => {
        // Views of the guest's memory last for the call only.
        seen = structuredClone(value);
        return seen;
      },
    },
  });
  const results: { readonly seen: unknown; readonly answer: unknown }[] = [];
  for (const value of values) {
    const answer = await instance.call("", "f", [value]);
    results.push({ seen, answer });
  }
  return results;
}

/** The guest that passes calls of its export `f` on to its import `f`. */
export async function echo(type: FunctionType, encoding: Encoding, rig: Rig): Promise<RigInstance> {
  return instantiate(echoPlan(type, encoding), [echoModule(type, "host", "f", "f")], rig);
}
