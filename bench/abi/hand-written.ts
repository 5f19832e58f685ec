import { Fields, type Outparam, Output, type Request, Response } from "./hello-host.ts";

/**
 * The glue that somebody would write by hand for this one guest, with the checks that it cannot do without: the measure of what generated code
 * may cost.
 */
export function handWritten(module: WebAssembly.Module): (request: Request, out: Outparam) => void {
  const handles: unknown[] = [undefined];
  const free: number[] = [];
  const give = (value: unknown): number => {
    const handle = free.pop();
    if (handle === undefined) return handles.push(value) - 1;
    handles[handle] = value;
    return handle;
  };
  const get = <T>(handle: number, type: abstract new (...args: never[]) => T): T => {
    const value = handles[handle];
    if (!(value instanceof type)) throw new WebAssembly.RuntimeError("no such handle");
    return value;
  };
  const take = (handle: number): unknown => {
    const value = handles[handle];
    if (value === undefined) throw new WebAssembly.RuntimeError("no such handle");
    handles[handle] = undefined;
    free.push(handle);
    return value;
  };
  let u8 = new Uint8Array(0);
  let view = new DataView(u8.buffer);
  const fresh = (): void => {
    if (u8.length > 0) return;
    u8 = new Uint8Array(memory.buffer);
    view = new DataView(memory.buffer);
  };
  const bytes = (pointer: number, length: number): Uint8Array => {
    if ((pointer >>> 0) + (length >>> 0) > u8.length) throw new WebAssembly.RuntimeError("out of bounds");
    return new Uint8Array(u8.buffer, pointer >>> 0, length >>> 0);
  };
  const text = (pointer: number, length: number): string => {
    if ((pointer >>> 0) + (length >>> 0) > u8.length) throw new WebAssembly.RuntimeError("out of bounds");
    let result = "";
    for (let at = pointer; at < pointer + length; at++) result += String.fromCharCode(u8[at]!);
    return result;
  };
  const write = (output: number, pointer: number, length: number, result: number): void => {
    fresh();
    get(output, outputClass).write(bytes(pointer, length));
    u8[result] = 0;
  };
  const host = {
    "[constructor]fields": () => give(new Fields()),
    "[method]fields.set": (
      self: number,
      name: number,
      nameLength: number,
      value: number,
      length: number,
      result: number,
    ) => {
      fresh();
      get(self, Fields).set(text(name, nameLength), bytes(value, length).slice());
      u8[result] = 0;
    },
    "[method]request.path": (self: number, result: number) => {
      const path = (handles[self] as Request).path();
      const pointer = realloc(0, 0, 1, path.length) >>> 0;
      fresh();
      if (pointer + path.length > u8.length) throw new WebAssembly.RuntimeError("out of bounds");
      for (let at = 0; at < path.length; at++) u8[pointer + at] = path.charCodeAt(at);
      u8[result] = 1;
      view.setInt32(result + 4, pointer, true);
      view.setInt32(result + 8, path.length, true);
    },
    "[constructor]response": (fields: number) => give(new Response(take(fields) as Fields)),
    "[method]response.set-status": (self: number, code: number) => {
      get(self, Response).status = code & 0xffff;
      return 0;
    },
    "[method]response.body": (self: number, result: number) => {
      fresh();
      u8[result] = 0;
      view.setInt32(result + 4, give(get(self, Response).body), true);
    },
    "[method]body.write": (self: number, result: number) => {
      fresh();
      u8[result] = 0;
      view.setInt32(result + 4, give((handles[self] as Response["body"]).output), true);
    },
    "[static]body.finish": (self: number, _some: number, _trailers: number, result: number) => {
      take(self);
      fresh();
      u8[result] = 0;
    },
    "[method]output.check-write": (self: number, result: number) => {
      fresh();
      u8[result] = 0;
      view.setBigUint64(result + 8, get(self, outputClass).checkWrite(), true);
    },
    "[method]output.write": write,
    "[method]output.blocking-write-and-flush": write,
    "[static]outparam.set": (param: number, tag: number, response: number) => {
      if (tag !== 0) throw new WebAssembly.RuntimeError("an error");
      (take(param) as Outparam).response = take(response) as Response;
    },
    "[resource-drop]request": (handle: number) => {
      take(handle);
    },
    "[resource-drop]output": (handle: number) => {
      take(handle);
    },
  };
  const outputClass = Output;
  const { exports } = new WebAssembly.Instance(module, { "bench:hello/types": host });
  const memory = exports.memory as WebAssembly.Memory;
  const realloc = exports.cabi_realloc as (old: number, bytes: number, align: number, more: number) => number;
  const handle = exports["bench:hello/handler#handle"] as (request: number, out: number) => void;
  return (request, out) => handle(give(request), give(out));
}
