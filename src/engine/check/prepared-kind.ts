import { isComponent } from "../../component/preamble.ts";

/** What a prepared program is: a core module, a component that runs to its end (`wasi:cli/run`), or one that is called with requests. */
export type PreparedKind = "module" | "command" | "handler";

/** The custom section that a prepared component ends with. */
const sectionName = "warren.kind";
/** So many bytes of a prepared program's end, or all of a shorter one, tell its kind. */
export const kindBytesMax = 64;

/** The section that says so, to stand behind everything else. */
export function kindSection(kind: "command" | "handler"): Uint8Array {
  const content = Buffer.from(`\0${sectionName}${kind}`, "latin1");
  content[0] = sectionName.length;
  return Uint8Array.of(0, content.length, ...content);
}

/** Told by the first bytes of a prepared program and by its last ones. */
export function preparedKind(head: Uint8Array, tail: Uint8Array): PreparedKind {
  if (!isComponent(head)) return "module";
  const text = Buffer.from(tail).toString("latin1");
  return text.endsWith(`${sectionName}handler`) ? "handler" : "command";
}
