import { assert } from "../../base/assert.ts";
import { environmentFunctions } from "./environment.ts";
import { fileImports } from "./file.ts";
import type { Host, HostFunction, HostFunctions } from "./host.ts";
import { Fault } from "./memory.ts";
import { pathImports } from "./path.ts";
import { pollFunctions } from "./poll.ts";
import { processFunctions } from "./process.ts";
import { signalFunctions } from "./signal.ts";
import { resolveImport } from "./signatures.ts";
import { socketFunctions } from "./socket.ts";
import { streamFunctions } from "./stream.ts";
import { wamrFunctions } from "./wamr.ts";
import { wamrOptions } from "./wamr-options.ts";
import { wasmedgeFunctions } from "./wasmedge.ts";

/** One function that a module imports from `wasi_snapshot_preview1`. */
export interface FunctionImport {
  readonly name: string;
  /** `i` for i32, `I` for i64 and so on, one letter each. */
  readonly params: string;
  readonly results: string;
}

/** An import with the function that is bound to it. */
export interface BoundFunction {
  readonly name: string;
  /** Gives an errno for whatever arguments; what it throws ends the guest. */
  readonly call: HostFunction;
  /** It may give a promise, so that a guest must call it through JSPI. */
  readonly suspends: boolean;
}

/**
 * What a module imports from `wasi_snapshot_preview1`, ready to instantiate it with. The caller has checked that
 * {@link resolveImport} knows all.
 */
export function bindPreview1(host: Host, imports: readonly FunctionImport[]): Record<string, WebAssembly.ImportValue> {
  const bound: Record<string, WebAssembly.ImportValue> = {};
  for (const { name, call, suspends } of bindFunctions(host, imports)) bound[name] = suspends ? suspending(call) : call;
  return bound;
}

/** The functions themselves, one for each import. */
export function bindFunctions(host: Host, imports: readonly FunctionImport[]): BoundFunction[] {
  const sockets = imports.some(({ name }) => name.startsWith("sock_"));
  const functions: HostFunctions = {
    ...environmentFunctions(host),
    ...processFunctions(host),
    ...streamFunctions(host),
    ...pollFunctions(host),
    ...fileImports(host),
    ...pathImports(host),
    ...signalFunctions(host),
    ...(sockets
      ? { ...socketFunctions(host), ...wasmedgeFunctions(host), ...wamrFunctions(host), ...wamrOptions(host) }
      : {}),
  };
  return imports.map(({ name, params, results }) => {
    const target = resolveImport(name, params, results);
    assert(target !== undefined, `${name} was not resolved`);
    const call = functions[target.key];
    assert(call !== undefined, `nothing is bound to ${target.key}`);
    return { name, call: shield(host, call, params.length), suspends: target.suspends };
  });
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
