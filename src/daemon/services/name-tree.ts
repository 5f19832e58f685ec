/** How many claims each namespace has somewhere; nearly always there is one namespace. */
class Tally {
  #namespace = "";
  #count = 0;
  #others: Map<string, number> | undefined;

  get empty(): boolean {
    return this.#count === 0 && this.#others === undefined;
  }

  add(namespace: string, count: number): void {
    if (this.#count === 0 && this.#others === undefined) this.#namespace = namespace;
    if (this.#namespace === namespace) {
      this.#count += count;
      return;
    }
    this.#others ??= new Map();
    const left = (this.#others.get(namespace) ?? 0) + count;
    if (left > 0) this.#others.set(namespace, left);
    else this.#others.delete(namespace);
    if (this.#others.size === 0) this.#others = undefined;
  }

  /** Whether a namespace but this one has any. */
  others(namespace: string): boolean {
    if (this.#count > 0 && this.#namespace !== namespace) return true;
    return this.#others !== undefined && (this.#others.size > 1 || !this.#others.has(namespace));
  }
}

class Node {
  children: Map<string, Node> | undefined;
  /** Claims of this very name. */
  exact: Tally | undefined;
  /** Claims of every name below it. */
  wildcard: Tally | undefined;
  /** Claims and assignments of names below it. */
  below: Tally | undefined;
  assigned: string | undefined;

  get needed(): boolean {
    return this.children !== undefined || !!this.exact || !!this.wildcard || this.assigned !== undefined;
  }
}

type Kind = "exact" | "wildcard" | "below";

/**
 * Which namespaces have claimed which host names, and which names they were assigned with all that lie below. A question costs
 * what the name's labels do. Names are canonical (control/host-name.ts); `*.example.com` is every name below `example.com`.
 */
export class NameTree {
  readonly #root = new Node();

  add(name: string, namespace: string): void {
    this.#claim(name, namespace, 1);
  }

  remove(name: string, namespace: string): void {
    this.#claim(name, namespace, -1);
  }

  assign(name: string, namespace: string): void {
    const path = this.#path(name);
    path.at(-1)!.assigned = namespace;
    for (const node of path.slice(0, -1)) tally(node, "below", namespace, 1);
  }

  unassign(name: string): void {
    const path = this.#path(name);
    const node = path.at(-1)!;
    const { assigned } = node;
    node.assigned = undefined;
    if (assigned !== undefined) for (const above of path.slice(0, -1)) tally(above, "below", assigned, -1);
    prune(path, name);
  }

  /** Whether a claim of this name would take what is another namespace's. */
  taken(name: string, namespace: string): boolean {
    const every = name.startsWith("*.");
    const labels = labelsOf(name);
    let owner = localOwner(every ? [...labels, "*"] : labels);
    let node: Node | undefined = this.#root;
    for (const label of labels) {
      // Every name below the one above is another's.
      if (node.wildcard?.others(namespace)) return true;
      node = node.children?.get(label);
      if (node === undefined) break;
      owner = node.assigned ?? owner;
    }
    if (owner !== undefined && owner !== namespace) return true;
    if (node === undefined) return false;
    if (!every) return node.exact?.others(namespace) === true;
    return node.wildcard?.others(namespace) === true || node.below?.others(namespace) === true;
  }

  /** Whether another namespace has claimed this name or one below it, or was assigned one. */
  usedByOthers(name: string, namespace: string): boolean {
    let node: Node | undefined = this.#root;
    for (const label of labelsOf(name)) {
      if (node.wildcard?.others(namespace)) return true;
      node = node.children?.get(label);
      if (node === undefined) return false;
    }
    const kinds: readonly Kind[] = ["exact", "wildcard", "below"];
    return kinds.some((kind) => node[kind]?.others(namespace));
  }

  #claim(name: string, namespace: string, count: number): void {
    const path = this.#path(name);
    tally(path.at(-1)!, name.startsWith("*.") ? "wildcard" : "exact", namespace, count);
    for (const node of path.slice(0, -1)) tally(node, "below", namespace, count);
    if (count < 0) prune(path, name);
  }

  /** The nodes from the root to that of a name. */
  #path(name: string): Node[] {
    let node = this.#root;
    const path = [node];
    for (const label of labelsOf(name)) {
      node.children ??= new Map();
      let next = node.children.get(label);
      if (next === undefined) {
        next = new Node();
        node.children.set(label, next);
      }
      path.push(next);
      node = next;
    }
    return path;
  }
}

function labelsOf(name: string): string[] {
  return (name.startsWith("*.") ? name.slice(2) : name).split(".").reverse();
}

function tally(node: Node, kind: Kind, namespace: string, count: number): void {
  node[kind] ??= new Tally();
  node[kind].add(namespace, count);
  if (node[kind].empty) node[kind] = undefined;
}

function prune(path: readonly Node[], name: string): void {
  const labels = labelsOf(name);
  for (let depth = labels.length; depth > 0; depth--) {
    if (path[depth]!.needed) return;
    const { children } = path[depth - 1]!;
    children?.delete(labels[depth - 1]!);
    if (children?.size === 0) path[depth - 1]!.children = undefined;
  }
}

/**
 * Names of this machine (RFC 6761 §6.3), which nobody needs to be assigned: NAME.localhost is the default namespace's, and
 * NAME.NAMESPACE.localhost that namespace's, so that no tenant can be in another's way.
 */
function localOwner([top, namespace, name]: readonly string[]): string | undefined {
  if (top !== "localhost") return undefined;
  return name === undefined || namespace === undefined ? "default" : namespace;
}
