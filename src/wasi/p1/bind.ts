import { assert } from "../../base/assert.ts";
import { environmentFunctions } from "./environment.ts";
import { fileImports } from "./file.ts";
import type { Host, HostFunction, HostFunctions } from "./host.ts";
import { Fault } from "./memory.ts";
import { pathImports } from "./path.ts";
import { pollFunctions } from "./poll.ts";
import { processFunctions } from "./process.ts";
import { resolveImport } from "./signatures.ts";
import { socketFunctions } from "./socket.ts";
import { streamFunctions } from "./stream.ts";
import { wasmedgeFunctions } from "./wasmedge.ts";

/** One function that a module imports from `wasi_snapshot_preview1`. */
export interface FunctionImport {
  readonly name: string;
  /** `i` for i32, `I` for i64 and so on, one letter each. */
  readonly params: string;
  readonly results: string;
}

/**
 * What a module imports from `wasi_snapshot_preview1`, ready to instantiate it with; the caller has checked that
 * {@link resolveImport} knows all. The functions give an errno for whatever arguments; what they throw ends the guest.
 */
export function bindPreview1(host: Host, imports: readonly FunctionImport[]): Record<string, WebAssembly.ImportValue> {
  const sockets = imports.some(({ name }) => name.startsWith("sock_"));
  const functions: HostFunctions = {
    ...environmentFunctions(host),
    ...processFunctions(host),
    ...streamFunctions(host),
    ...pollFunctions(host),
    ...fileImports(host),
    ...pathImports(host),
    ...(sockets ? { ...socketFunctions(host), ...wasmedgeFunctions(host) } : {}),
  };
  const bound: Record<string, WebAssembly.ImportValue> = {};
  for (const { name, params, results } of imports) {
    const target = resolveImport(name, params, results);
    const call = target && functions[target.key];
    assert(call !== undefined, `nothing is bound to ${name}`);
    const shielded = shield(host, call, params.length);
    bound[name] = target?.suspends ? suspending(shielded) : shielded;
  }
  return bound;
}

/** Arguments as fixed parameters: a rest array would be made on each call. */
function shield({ thread }: Host, call: HostFunction, arity: number): HostFunction {
  function failed(error: unknown): number {
    if (error instanceof Fault) return error.errno;
    throw error;
  }
  function alive(): void {
    if (thread.ended !== undefined) throw thread.ended;
  }
  switch (arity) {
    case 0:
    case 1:
    case 2:
    case 3:
      return (a, b, c) => {
        alive();
        try {
          return call(a, b, c);
        } catch (error) {
          return failed(error);
        }
      };
    case 4:
    case 5:
      return (a, b, c, d, e) => {
        alive();
        try {
          return call(a, b, c, d, e);
        } catch (error) {
          return failed(error);
        }
      };
    default:
      assert(arity <= 9);
      return (a, b, c, d, e, f, g, h, i) => {
        alive();
        try {
          return call(a, b, c, d, e, f, g, h, i);
        } catch (error) {
          return failed(error);
        }
      };
  }
}

/** JSPI is not in TypeScript's library yet (https://github.com/WebAssembly/js-promise-integration). */
function suspending(call: HostFunction): WebAssembly.ImportValue {
  const { Suspending } = WebAssembly as unknown as { Suspending: new (call: HostFunction) => WebAssembly.ImportValue };
  return new Suspending(call);
}
