import type { ModuleInfo } from "../module-info.ts";
import { bulkCallee, type CodeScan } from "./code-scan.ts";

/**
 * Who may call whom. Nodes are the defined functions, then one *hub* for each kind of indirect call: a call_indirect leads to
 * the hub of its type, the hub to every function of that type that a reference is made of.
 */
export class CallGraph {
  readonly functions: number;
  readonly nodes: number;
  readonly #scan: CodeScan;
  readonly #imported: number;
  readonly #targets: readonly Int32Array[];

  constructor(scan: CodeScan, info: ModuleInfo, hubs: Hubs, taken: Uint8Array) {
    this.#scan = scan;
    this.#imported = info.importedFunctionCount;
    this.functions = info.functionTypes.length - this.#imported;
    this.nodes = this.functions + hubs.count;
    const targets: number[][] = Array.from({ length: hubs.count }, () => []);
    for (let i = this.#imported; i < info.functionTypes.length; i++) {
      if (taken[i] !== 0) targets[hubs.ofType[info.functionTypes[i]!]!]!.push(i - this.#imported);
    }
    this.#targets = targets.map((list) => Int32Array.from(list));
  }

  /** What call `call` leads to: a node, or -1 for the host and what is no call. */
  target(call: number): number {
    const callee = this.#scan.callees.items[call]!;
    if (callee < 0) return this.functions + ~callee;
    return callee === bulkCallee || callee < this.#imported ? -1 : callee - this.#imported;
  }

  isImport(call: number): boolean {
    const callee = this.#scan.callees.items[call]!;
    return callee >= 0 && callee < this.#imported;
  }

  isHub(node: number): boolean {
    return node >= this.functions;
  }

  /** The functions of a hub. */
  hubTargets(node: number): Int32Array {
    return this.#targets[node - this.functions]!;
  }

  /** The number of {@link successor}s. */
  successors(node: number): number {
    if (this.isHub(node)) return this.hubTargets(node).length;
    const { callStart } = this.#scan;
    return callStart[node + 1]! - callStart[node]!;
  }

  /** A node, or -1. */
  successor(node: number, i: number): number {
    if (this.isHub(node)) return this.hubTargets(node)[i]!;
    return this.target(this.#scan.callStart[node]! + i);
  }
}

/** The kinds of indirect calls: functions of different kinds cannot be called in each other's stead. */
export interface Hubs {
  readonly count: number;
  readonly ofType: Int32Array;
}

/**
 * One kind for each signature of numbers. Signatures with references share one, since a function may be called as any
 * supertype of its own type, and those differ from it in references only (WebAssembly 3.0, 3.3.3).
 */
export function indirectKinds({ types }: ModuleInfo): Hubs {
  const bySignature = new Map<string, number>();
  const ofType = new Int32Array(types.length);
  for (const [i, type] of types.entries()) {
    let signature = "references";
    if (type.kind === "func" && [...type.params, ...type.results].every(isNumber)) {
      signature = `${type.params.join()}:${type.results.join()}`;
    }
    const hub = bySignature.get(signature) ?? bySignature.size;
    bySignature.set(signature, hub);
    ofType[i] = hub;
  }
  return { count: bySignature.size, ofType };
}

/** i32, i64, f32, f64, v128. */
function isNumber(type: number): boolean {
  return type >= 0x7b && type <= 0x7f;
}
