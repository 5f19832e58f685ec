import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** What to make: text is a file's content, `{ link }` a symbolic link, null an empty directory. */
export type Tree = Readonly<Record<string, string | null | { readonly link: string }>>;

/** A directory of the host's for one test, removed at the end of it: `using tree = makeTree({ "a/b": "text" })`. */
export interface ScratchTree extends Disposable {
  readonly root: string;
  /** A path beneath it. */
  path(name: string): string;
}

export function makeTree(tree: Tree): ScratchTree {
  const root = mkdtempSync(join(tmpdir(), "warren-files-"));
  for (const [name, what] of Object.entries(tree)) {
    const path = join(root, name);
    mkdirSync(what === null ? path : dirname(path), { recursive: true });
    if (typeof what === "string") writeFileSync(path, what);
    else if (what !== null) symlinkSync(what.link, path);
  }
  return {
    root,
    path: (name) => join(root, name),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}
