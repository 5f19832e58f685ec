import { WarrenError } from "../base/errors.ts";
import { formatFunctionType } from "./format-type.ts";
import { offersVersion } from "./host-types.ts";
import type { ComponentPlan, ExportedFunction } from "./plan.ts";
import type { FunctionType, ResourceType, ValueType } from "./types.ts";

/** What a component is, with the function that runs it. */
export interface ComponentKind {
  /** `handler`: `wasi:http/incoming-handler`; `command`: `wasi:cli/run`. One that has both is a handler. */
  readonly kind: "handler" | "command";
  readonly entry: ExportedFunction;
}

const version = "0.2";
const handlerInterface = "wasi:http/incoming-handler";
const commandInterface = "wasi:cli/run";
/** Interfaces of WASI 0.3 by which a component would be one of these. */
const laterInterfaces: ReadonlySet<string> = new Set(["wasi:http/handler", handlerInterface, commandInterface]);

const listedMax = 10;
const nameCharactersMax = 80;

/**
 * Tells what a component is by what it exports.
 *
 * Throws `component.async` for WASI 0.3, `program.export-mismatch` for an entry of another type, `program.component-kind` for a component
 * that is neither a handler nor a command.
 */
export function componentKind(plan: ComponentPlan): ComponentKind {
  const find = (interfaceName: string, name: string) =>
    plan.exports.find(
      (item) => item.interface === interfaceName && item.name === name && offersVersion(version, item.version),
    );
  const handler = find(handlerInterface, "handle");
  if (handler !== undefined) {
    if (!isHandle(handler.function.type))
      throw mismatch(handler, "func(request: incoming-request, response-out: response-outparam)");
    return { kind: "handler", entry: handler };
  }
  const command = find(commandInterface, "run");
  if (command !== undefined) {
    if (!isRun(command.function.type)) throw mismatch(command, "func() -> result");
    return { kind: "command", entry: command };
  }
  const later = plan.exports.find((item) => laterInterfaces.has(item.interface) && offersVersion("0.3", item.version));
  if (later !== undefined) {
    throw new WarrenError(
      "component.async",
      `the component exports ${later.interface}@${later.version}, which belongs to WASI 0.3: it is not supported yet`,
      { hint: "Build it for WASI 0.2." },
    );
  }
  throw unknownKind(plan);
}

function isHandle({ parameters, result }: FunctionType): boolean {
  const [request, response, ...others] = parameters;
  return (
    others.length === 0 &&
    result === undefined &&
    isOwn(request?.type, "incoming-request") &&
    isOwn(response?.type, "response-outparam")
  );
}

function isOwn(type: ValueType | undefined, name: string): boolean {
  return type?.kind === "own" && isHttpType(type.resource, name);
}

function isHttpType(resource: ResourceType, name: string): boolean {
  return resource.origin === "host" && resource.interface === "wasi:http/types" && resource.name === name;
}

function isRun({ parameters, result }: FunctionType): boolean {
  return parameters.length === 0 && result?.kind === "result" && result.ok === undefined && result.error === undefined;
}

function mismatch(
  { interface: interfaceName, version: found, name, function: { type } }: ExportedFunction,
  wanted: string,
): WarrenError {
  return new WarrenError(
    "program.export-mismatch",
    `the component exports ${interfaceName}@${found}.${name} as ${formatFunctionType(type)}, WASI has it as ${wanted}`,
    { hint: "Build it with bindings that were made from the WIT of WASI 0.2." },
  );
}

function unknownKind({ exports }: ComponentPlan): WarrenError {
  const names = new Set(
    exports.map((item) =>
      item.interface === "" ? item.name : `${item.interface}${item.version === "" ? "" : `@${item.version}`}`,
    ),
  );
  const shown = [...names].slice(0, listedMax).map((name) => name.slice(0, nameCharactersMax));
  const more = names.size > listedMax ? ` and ${names.size - listedMax} more` : "";
  const what = names.size === 0 ? "no functions" : `${shown.join(", ")}${more}`;
  return new WarrenError(
    "program.component-kind",
    `the component exports ${what}, but neither ${handlerInterface}@${version} nor ${commandInterface}@${version}`,
    { hint: "Build it for the world wasi:http/proxy or wasi:cli/command, or compose it with a component that is." },
  );
}
