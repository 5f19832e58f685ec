import type { ComponentPlan } from "../../plan.ts";
import type { FunctionType, ValueType } from "../../types.ts";
import { callShape } from "../call-shape.ts";
import { TypeTable } from "../type-table.ts";

export type Encoding = "utf8" | "utf16" | "latin1+utf16";

/** An allocator that only takes, from `$top` on. */
export const allocator = `
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 1024))
  (func $realloc (export "cabi_realloc") (param $old i32) (param $oldBytes i32) (param $align i32) (param $bytes i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.set $top (i32.add (local.get $at) (local.get $bytes)))
    (block $enough
      (loop $more
        (br_if $enough (i32.le_u (global.get $top) (i32.shl (memory.size) (i32.const 16))))
        (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then (unreachable)))
        (br $more)))
    (if (local.get $old) (then
      (memory.copy (local.get $at) (local.get $old) (local.get $oldBytes))))
    (local.get $at))`;

export interface EchoFunction {
  readonly type: FunctionType;
  readonly import: readonly [module: string, name: string];
  readonly export: string;
}

/**
 * Text of a module whose exports call its imports with what they get and return what these give. After each call all that was allocated
 * for it is free again, by post-return: an export `cabi_post_NAME`.
 */
export function echoFunctions(functions: readonly EchoFunction[], more = ""): string {
  const imports: string[] = [];
  const exports: string[] = [];
  for (const [index, { type, import: from, export: to }] of functions.entries()) {
    const shape = callShape(new TypeTable(), type);
    const flat = shape.flat ?? ["i32"];
    const parameters = flat.map((value) => `(param ${value})`).join(" ");
    const single = shape.result === undefined || shape.stored ? "" : shape.result.flat![0]!;
    const result = single === "" ? "" : `(result ${single})`;
    const values = flat.map((_, at) => `(local.get ${at})`).join(" ");
    const { size = 0, align = 1 } = shape.result ?? {};
    const [module, name] = from.map((part) => JSON.stringify(part));
    imports.push(
      `(import ${module} ${name} (func $f${index} ${parameters} ${shape.stored ? "(param i32)" : ""} ${result}))`,
    );
    const body = shape.stored
      ? `(local.set $rp (call $realloc (i32.const 0) (i32.const 0) (i32.const ${align}) (i32.const ${size})))
         (call $f${index} ${values} (local.get $rp)) (local.get $rp)`
      : `(call $f${index} ${values})`;
    const returned = shape.stored ? "i32" : single;
    exports.push(`(func (export ${JSON.stringify(to)}) ${parameters} ${shape.stored ? "(result i32)" : result} (local $rp i32) ${body})
      (func (export ${JSON.stringify(`cabi_post_${to}`)}) ${returned === "" ? "" : `(param ${returned})`} (global.set $top (i32.const 1024)))`);
  }
  return `(module ${imports.join("\n")} ${allocator} ${exports.join("\n")} ${more})`;
}

/** One function of {@link echoFunctions}. */
export function echoModule(
  type: FunctionType,
  importModule: string,
  importName: string,
  exportName: string,
  more = "",
): string {
  return echoFunctions([{ type, import: [importModule, importName], export: exportName }], more);
}

/** The plan of a component that is such a module: it exports `f` and imports `f` from the interface `test:host/echo`. */
export function echoPlan(type: FunctionType, encoding: Encoding = "utf8"): ComponentPlan {
  const options = {
    encoding,
    memory: { kind: "export", instance: 0, name: "memory" },
    realloc: { kind: "export", instance: 0, name: "cabi_realloc" },
    postReturn: undefined,
  } as const;
  return {
    modules: [{ start: 0, end: 0 }],
    componentInstances: 1,
    coreInstances: [
      {
        module: 0,
        component: 0,
        imports: [{ module: "host", name: "f", item: { kind: "canonical", index: 0 } }],
      },
    ],
    functions: [{ kind: "lower", target: { kind: "host", index: 0 }, options, component: 0 }],
    imports: [{ interface: "test:host/echo", version: "", name: "f", type }],
    exports: [
      {
        interface: "",
        version: "",
        name: "f",
        function: { type, core: { kind: "export", instance: 0, name: "f" }, options, component: 0 },
      },
    ],
  };
}

/** A function from a value to one of its type. */
export function identity(type: ValueType): FunctionType {
  return { parameters: [{ name: "value", type }], result: type };
}
