import { ComponentCode } from "../../component/abi/component-code.ts";
import { componentCapsPrepared } from "../../component/caps.ts";
import { decodeComponent } from "../../component/decode.ts";
import { decodeModules, linkComponent, plannedModules } from "../../component/link.ts";
import type { ComponentPlan } from "../../component/plan.ts";
import { HttpClient } from "../../wasi/http/http-client.ts";
import { HttpContext } from "../../wasi/p2/http/host.ts";
import { kindBytesMax, type PreparedKind, preparedKind } from "../check/prepared-kind.ts";
import type { Launch, Program } from "../launch.ts";
import { compileModule, initialBytes, uncapped } from "../module-program.ts";
import { componentHost } from "./component-host.ts";
import { type ComponentCore, coreOutline } from "./core-outline.ts";
import { isBlocking, offeredTypes } from "./offers.ts";
import { openComponent } from "./open-component.ts";

/** A component, which is run by its `wasi:cli/run`, or called by its `wasi:http/incoming-handler`. */
export class ComponentProgram implements Program {
  readonly kind: PreparedKind;
  readonly plan: ComponentPlan;
  /** By the plan's modules. */
  readonly cores: readonly ComponentCore[];
  readonly code: ComponentCode;
  readonly initialBytes: number;
  readonly memoryMax: number;

  private constructor(
    parts: Pick<ComponentProgram, "kind" | "plan" | "cores" | "code" | "initialBytes" | "memoryMax">,
  ) {
    this.kind = parts.kind;
    this.plan = parts.plan;
    this.cores = parts.cores;
    this.code = parts.code;
    this.initialBytes = parts.initialBytes;
    this.memoryMax = parts.memoryMax;
  }

  /** Compiles what `prepareComponent` gave for the same limit. Throws `module.invalid` when V8 refuses a module. */
  static async compile(prepared: Uint8Array, memoryMax: number): Promise<ComponentProgram> {
    const component = decodeComponent(prepared, componentCapsPrepared);
    const infos = decodeModules(component, uncapped);
    const plan = linkComponent(component, infos, { prepared: true, hostResource: offeredTypes().hostResource });
    const used = plannedModules(plan, component, infos);
    // Threads of V8 do it.
    const compiling = Promise.all(used.map(({ bytes }) => compileModule(bytes)));
    compiling.catch(() => {});
    const outlines = used.map(coreOutline);
    const code = new ComponentCode(plan, {
      name: "program",
      blocks: isBlocking,
      preemptive: outlines.some(({ interruptible }) => interruptible !== undefined),
    });
    const modules = await compiling;
    return new ComponentProgram({
      kind: preparedKind(prepared, prepared.subarray(-kindBytesMax)),
      plan,
      cores: modules.map((module, index) => ({ module, ...outlines[index]! })),
      code,
      initialBytes: plan.coreInstances.reduce((sum, { module }) => sum + initialBytes(used[module]!), 0),
      memoryMax,
    });
  }

  get memoryCount(): number {
    return this.plan.coreInstances.reduce(
      (sum, { module }) => sum + (this.cores[module]!.interruptible?.memories.length ?? 0),
      0,
    );
  }

  async launch(launch: Launch): Promise<void> {
    const client = new HttpClient({ dialler: launch.host.dialler });
    try {
      const host = componentHost(launch.host, new HttpContext(client));
      const { instance } = await openComponent(this, launch, host);
      const result = (await instance.call("wasi:cli/run", "run", [])) as { readonly tag: "ok" | "err" };
      // As wasmtime and jco do.
      if (result.tag === "err") host.exit(1);
    } finally {
      client.close();
    }
  }
}
