/** A directed graph whose edges are asked for one by one. */
export interface Graph {
  readonly nodes: number;
  successors(node: number): number;
  /** A node, or -1 for an edge that is to be left out. */
  successor(node: number, i: number): number;
}

/**
 * The number of each node's strongly connected component, by Tarjan's algorithm with a stack of its own (call chains are
 * as deep as an attacker likes).
 */
export function components(graph: Graph): Int32Array {
  const { nodes } = graph;
  const component = new Int32Array(nodes).fill(-1);
  const order = new Int32Array(nodes).fill(-1);
  const low = new Int32Array(nodes);
  const pending = new Int32Array(nodes);
  const path = new Int32Array(nodes);
  const next = new Int32Array(nodes);
  let pendingCount = 0;
  let count = 0;
  let time = 0;
  for (let root = 0; root < nodes; root++) {
    if (order[root] !== -1) continue;
    let depth = 0;
    path[0] = root;
    order[root] = low[root] = time++;
    pending[pendingCount++] = root;
    while (depth >= 0) {
      const node = path[depth]!;
      if (next[node]! < graph.successors(node)) {
        const to = graph.successor(node, next[node]!++);
        if (to < 0) continue;
        if (order[to] === -1) {
          order[to] = low[to] = time++;
          pending[pendingCount++] = to;
          path[++depth] = to;
        } else if (component[to] === -1 && order[to]! < low[node]!) low[node] = order[to]!;
        continue;
      }
      depth--;
      if (depth >= 0 && low[node]! < low[path[depth]!]!) low[path[depth]!] = low[node]!;
      if (low[node] !== order[node]) continue;
      let member: number;
      do {
        member = pending[--pendingCount]!;
        component[member] = count;
      } while (member !== node);
      count++;
    }
  }
  return component;
}
