import { CallCosts } from "./call-costs.ts";
import type { CallGraph } from "./call-graph.ts";
import {
  type CodeScan,
  callReference,
  callTail,
  eventCall,
  eventLoop,
  eventLoopEnd,
  eventSize,
  loopCalls,
  loopHeader,
  loopUsed,
} from "./code-scan.ts";
import { components } from "./components.ts";

/** A check before the call. */
export const checkBefore = 1;
/** A check once it has come back. */
export const checkAfter = 2;

/** In larger cycles of calls it costs less to check where they close. */
const unaryFunctionsMax = 16;
/** Instructions that a stack of 20,000 frames may do for each frame while it winds or unwinds without a check. */
const frameOpsMax = 2_000;

export interface CallPlan {
  /** Per function: a check at its entry. */
  readonly entry: Uint8Array;
  /** Per call: {@link checkBefore}, {@link checkAfter}. */
  readonly calls: Uint8Array;
}

/**
 * Places checks so that no chain of calls runs for long without one:
 *
 * - Indirect calls inside of a cycle, and calls by reference, have one before them.
 * - In a small cycle of direct calls no way through a function makes two calls of the cycle without a check between them, so
 *   that what is called without a check is a chain, which the stack bounds, and not a tree. Recursion down one branch is free.
 * - In a large one the functions where the cycle closes are checked at their entry.
 * - A stack that unwinds is bounded as well: where a function of a cycle does much, there is a check after the call.
 * - What calls without a cycle may add up to is bounded by {@link CallCosts}.
 * - The host may call back: calls to it have a check before them.
 */
export function planCalls(scan: CodeScan, graph: CallGraph): CallPlan {
  const plan: CallPlan = { entry: new Uint8Array(graph.functions), calls: new Uint8Array(scan.callees.length) };
  const owner = callOwners(scan);
  const { items: flags } = scan.callFlags;

  // Cycles of all calls; indirect calls in them are checked and left out from here on.
  const cycle = components(graph);
  const cut = new Uint8Array(scan.callees.length);
  for (let call = 0; call < cut.length; call++) {
    const target = graph.target(call);
    if (graph.isImport(call)) plan.calls[call] = checkBefore;
    if (target < 0 || !graph.isHub(target)) continue;
    if ((flags[call]! & callReference) !== 0 || cycle[target] === cycle[owner[call]!]) {
      cut[call] = 1;
      plan.calls[call] = checkBefore;
    }
  }

  // Cycles of direct calls.
  const without = {
    nodes: graph.nodes,
    successors: (node: number) => graph.successors(node),
    successor: (node: number, i: number) =>
      !graph.isHub(node) && cut[scan.callStart[node]! + i] !== 0 ? -1 : graph.successor(node, i),
  };
  const direct = components(without);
  const unary = smallCycles(scan, graph, direct, cut, owner);
  const inUnary = (call: number): boolean => {
    const target = graph.target(call);
    if (target < 0 || graph.isHub(target)) return false;
    const component = direct[target]!;
    return component === direct[owner[call]!] && unary[component] !== 0;
  };
  for (let call = 0; call < cut.length; call++) if (cut[call] === 0 && inUnary(call)) cut[call] = 2;

  const costs = new CallCosts(scan, graph, cut, direct, unary, plan);
  costs.compute();

  for (let f = 0; f < graph.functions; f++) {
    const heavy = costs.own[f]! > frameOpsMax;
    const isUnary = unary[direct[f]!] !== 0;
    if (isUnary && !heavy) separateCalls(scan, f, cut, plan.calls);
    if (!heavy) continue;
    for (let call = scan.callStart[f]!; call < scan.callStart[f + 1]!; call++) {
      const target = graph.target(call);
      const closes = cut[call] !== 0 || (target >= 0 && costs.closesCycle(target) && direct[target] === direct[f]);
      if (!closes) continue;
      if (cut[call] === 2) plan.calls[call]! |= checkBefore;
      if ((flags[call]! & callTail) === 0) plan.calls[call]! |= checkAfter;
    }
  }
  return plan;
}

/** The function that each call stands in. */
function callOwners({ callStart, callees }: CodeScan): Int32Array {
  const owner = new Int32Array(callees.length);
  for (let f = 0; f + 1 < callStart.length; f++) owner.fill(f, callStart[f], callStart[f + 1]);
  return owner;
}

/** Marks the components that are small cycles of direct calls, none of them a tail call: those use no stack. */
function smallCycles(
  { callees, callFlags }: CodeScan,
  graph: CallGraph,
  component: Int32Array,
  cut: Uint8Array,
  owner: Int32Array,
): Uint8Array {
  const size = new Int32Array(graph.nodes);
  for (const number of component) size[number]!++;
  const isCycle = new Uint8Array(graph.nodes);
  const hasTail = new Uint8Array(graph.nodes);
  for (let call = 0; call < callees.length; call++) {
    const target = graph.target(call);
    if (target < 0 || cut[call] !== 0) continue;
    const number = component[target]!;
    if (number !== component[owner[call]!]) continue;
    isCycle[number] = 1;
    if (graph.isHub(target) || (callFlags.items[call]! & callTail) !== 0) hasTail[number] = 1;
  }
  return isCycle.map((is, number) => (is !== 0 && hasTail[number] === 0 && size[number]! <= unaryFunctionsMax ? 1 : 0));
}

/**
 * Puts a check before every call of the cycle but the first since a check. Code only goes forward but for loops, whose
 * headers have a check, so the order of the text is the order of any way through it.
 */
function separateCalls({ events, eventStart, loops }: CodeScan, f: number, cut: Uint8Array, calls: Uint8Array): void {
  const { items } = events;
  let called = false;
  const outside: boolean[] = [];
  for (let e = eventStart[f]!; e < eventStart[f + 1]!; e += eventSize) {
    const kind = items[e];
    const id = items[e + 2]!;
    if (kind === eventLoop || kind === eventLoopEnd) {
      const flags = loops.items[id]!;
      if (!hasHeaderCheck(flags)) continue;
      if (kind === eventLoop) {
        outside.push(called);
        called = false;
      } else called = outside.pop()! || called;
    } else if (kind === eventCall && cut[id] === 2) {
      if (called) calls[id]! |= checkBefore;
      called = true;
    }
  }
}

/** Whether every turn of a loop, the first one as well, comes by a check. One in a loop of its own does not. */
function hasHeaderCheck(flags: number): boolean {
  const needed = loopUsed | loopCalls | loopHeader;
  return (flags & needed) === needed;
}
