import type { CallGraph } from "./call-graph.ts";
import type { CallPlan } from "./call-plan.ts";
import { bulkCallee, type CodeScan, callTail } from "./code-scan.ts";
import { bulkCost } from "./tuning.ts";

const before = 1;
const after = 2;

/** Instructions between two checks on any way through calls that make no cycle. */
const opsMax = 100_000;
/** Of those, what may add up while calls return to their callers. */
const tailMax = 8 * opsMax;
const importCost = 50;
/** What does not fit into the numbers any more. */
const endless = 1e9;

const unseen = 0;
const open = 1;
const done = 2;

/**
 * An upper bound of the instructions that each function may do without a check, what it calls included. Where that is too
 * much a check is added at the entry of the function, or of the largest of what it calls.
 */
export class CallCosts {
  /** Per function: in one activation, other than by calls that close a cycle. */
  readonly own: Float64Array;
  /** Per node: in all that a call of it leads to. */
  readonly cost: Float64Array;
  /** Per node: what may follow the last check until it returns. */
  readonly #tail: Float64Array;
  readonly #state: Uint8Array;
  /** Per function: a cycle of direct calls closes at it. */
  readonly #closes: Uint8Array;
  readonly #scan: CodeScan;
  readonly #graph: CallGraph;
  readonly #cut: Uint8Array;
  readonly #component: Int32Array;
  readonly #unary: Uint8Array;
  readonly #plan: CallPlan;
  /** Per loop: what its own code and what it calls may cost. */
  readonly #loopCost: Float64Array;
  readonly #regionCalls: Int32Array;
  /** Per call. */
  readonly #paid: Float64Array;

  constructor(
    scan: CodeScan,
    graph: CallGraph,
    cut: Uint8Array,
    component: Int32Array,
    unary: Uint8Array,
    plan: CallPlan,
  ) {
    this.#scan = scan;
    this.#graph = graph;
    this.#cut = cut;
    this.#component = component;
    this.#unary = unary;
    this.#plan = plan;
    this.cost = new Float64Array(graph.nodes);
    this.#tail = new Float64Array(graph.nodes);
    this.#state = new Uint8Array(graph.nodes);
    this.#closes = new Uint8Array(graph.nodes);
    this.#loopCost = new Float64Array(scan.loops.length);
    this.own = new Float64Array(graph.functions);
    this.#paid = new Float64Array(scan.callees.length);
    this.#regionCalls = new Int32Array(scan.loops.length + 1);
  }

  closesCycle(node: number): boolean {
    return this.#closes[node] !== 0;
  }

  /** Visits what is called before its callers. */
  compute(): void {
    const graph = this.#graph;
    const state = this.#state;
    const path = new Int32Array(graph.nodes);
    const next = new Int32Array(graph.nodes);
    for (let root = 0; root < graph.nodes; root++) {
      if (state[root] !== unseen) continue;
      let depth = 0;
      path[0] = root;
      state[root] = open;
      while (depth >= 0) {
        const node = path[depth]!;
        if (next[node]! === graph.successors(node)) {
          if (graph.isHub(node)) this.#finishHub(node);
          else this.#finishFunction(node);
          state[node] = done;
          depth--;
          continue;
        }
        const i = next[node]!++;
        if (!graph.isHub(node) && this.#cut[this.#scan.callStart[node]! + i] !== 0) continue;
        const to = graph.successor(node, i);
        if (to < 0) continue;
        if (state[to] === unseen) {
          path[++depth] = to;
          state[to] = open;
        } else if (state[to] === open) {
          // A hub that is in a cycle has no calls to it left.
          this.#closes[to] = 1;
          this.#plan.entry[to] = 1;
        }
      }
    }
  }

  #finishHub(node: number): void {
    for (const target of this.#graph.hubTargets(node)) {
      this.cost[node] = Math.max(this.cost[node]!, this.#costOfNode(target));
      this.#tail[node] = Math.max(this.#tail[node]!, this.#tail[target]!);
    }
  }

  #costOfNode(node: number): number {
    return !this.#graph.isHub(node) && this.#plan.entry[node] !== 0 ? 0 : this.cost[node]!;
  }

  #costOfCall(call: number): number {
    if (this.#cut[call] !== 0) return 0;
    const target = this.#graph.target(call);
    if (target >= 0) return this.#costOfNode(target);
    return this.#scan.callees.items[call] === bulkCallee ? bulkCost : importCost;
  }

  #finishFunction(f: number): void {
    const scan = this.#scan;
    const { callStart, loopStart } = scan;
    const { items: loopOf } = scan.callLoop;
    const loopCost = this.#loopCost;
    const firstCall = callStart[f]!;
    const lastCall = callStart[f + 1]!;
    const firstLoop = loopStart[f]!;
    const lastLoop = loopStart[f + 1]!;
    let cost = scan.ops[f]!;
    for (let loop = firstLoop; loop < lastLoop; loop++) loopCost[loop] = scan.loopOps.items[loop]!;

    // Regions: what stands outside of loops, and each loop without its inner loops.
    let most = cost;
    const regionCalls = this.#regionCalls;
    const paid = this.#paid;
    for (let call = firstCall; call < lastCall; call++) {
      paid[call] = this.#costOfCall(call);
      if (paid[call] === 0) continue;
      const loop = loopOf[call]!;
      regionCalls[loop + 1]!++;
      if (loop < 0) cost += paid[call]!;
      else loopCost[loop]! += paid[call]!;
      most = Math.max(most, loop < 0 ? cost : loopCost[loop]!);
    }
    if (most > opsMax) {
      for (let call = firstCall; call < lastCall; call++) {
        const loop = loopOf[call]!;
        const target = this.#graph.target(call);
        const isFunction = target >= 0 && !this.#graph.isHub(target);
        if (!isFunction || this.#plan.entry[target] === 0) {
          const isTooMuch = (loop < 0 ? cost : loopCost[loop]!) > opsMax;
          if (!isTooMuch || paid[call]! * regionCalls[loop + 1]! <= opsMax) continue;
          // A check in it serves all its callers; but a small cycle is to have none inside.
          if (isFunction && this.#unary[this.#component[target]!] === 0) this.#plan.entry[target] = 1;
          else this.#plan.calls[call]! |= before;
        }
        if (loop < 0) cost -= paid[call]!;
        else loopCost[loop]! -= paid[call]!;
      }
    }
    regionCalls[0] = 0;
    regionCalls.fill(0, firstLoop + 1, lastLoop + 1);

    // The first turn of a loop may be without a check.
    for (let loop = firstLoop; loop < lastLoop; loop++) cost += loopCost[loop]!;
    cost = Math.min(cost, endless);
    this.own[f] = cost;
    this.cost[f] = cost;
    this.#finishTail(f, firstCall, lastCall);

    if (cost > opsMax) this.#plan.entry[f] = 1;
    // A chain of calls down a small cycle has no check.
    else if (this.#unary[this.#component[f]!] !== 0) this.cost[f] = opsMax + 1;
  }

  /** What follows the last check in a function that is called with one adds to what its caller does. */
  #finishTail(f: number, firstCall: number, lastCall: number): void {
    const scan = this.#scan;
    const { calls, entry } = this.#plan;
    const own = Math.min(this.cost[f]!, 2 * opsMax);
    let most = 0;
    for (let call = firstCall; call < lastCall; call++) {
      const target = this.#graph.target(call);
      if (target < 0) continue;
      const checked = (calls[call]! & before) !== 0 || entry[target] !== 0;
      if (!checked) continue;
      if (own + this.#tail[target]! > tailMax && (scan.callFlags.items[call]! & callTail) === 0) calls[call]! |= after;
      else most = Math.max(most, this.#tail[target]!);
    }
    this.#tail[f] = own + most;
  }
}
