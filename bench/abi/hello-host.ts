import type { Functions } from "../../src/component/abi/testdata/jco.ts";
import type { HostCall } from "../../src/component/host.ts";

/** The host's objects, which do next to nothing: what is measured is how they are called. */
export class Fields {
  readonly #all = new Map<string, Uint8Array>();
  set(name: string, value: Uint8Array): void {
    this.#all.set(name, value);
  }
}
export class Request {
  path(): string {
    return "/some/path?x=1";
  }
}
export class Output {
  bytes = 0;
  checkWrite(): bigint {
    return 65_536n;
  }
  write(contents: Uint8Array): void {
    this.bytes += contents.length;
  }
}
export class Body {
  readonly output: Output = new Output();
}
export class Response {
  readonly fields: Fields;
  readonly body: Body = new Body();
  status = 0;
  constructor(fields: Fields) {
    this.fields = fields;
  }
}
export class Outparam {
  response: Response | undefined;
}

const ok = (val: unknown): { readonly tag: "ok"; readonly val: unknown } => ({ tag: "ok", val });
const done = ok(undefined);

/** As our generated code calls it. */
export const functions: Readonly<Record<string, HostCall>> = {
  "[constructor]fields": () => new Fields(),
  "[method]fields.set": (self: Fields, name: string, value: Uint8Array) => {
    self.set(name, value.slice());
    return done;
  },
  "[method]request.path": (self: Request) => self.path(),
  "[constructor]response": (fields: Fields) => new Response(fields),
  "[method]response.set-status": (self: Response, code: number) => {
    self.status = code;
    return done;
  },
  "[method]response.body": (self: Response) => ok(self.body),
  "[method]body.write": (self: Body) => ok(self.output),
  "[static]body.finish": () => done,
  "[method]output.check-write": (self: Output) => ok(self.checkWrite()),
  "[method]output.write": (self: Output, contents: Uint8Array) => {
    self.write(contents);
    return done;
  },
  "[method]output.blocking-write-and-flush": (self: Output, contents: Uint8Array) => {
    self.write(contents);
    return done;
  },
  "[static]outparam.set": (param: Outparam, { val }: { readonly val: Response }) => {
    param.response = val;
  },
  "[resource-drop]request": () => {},
  "[resource-drop]output": () => {},
};

/** As jco's code calls it: classes, whose methods throw what is an error. */
class JcoResponse {
  readonly fields: Fields;
  status = 0;
  constructor(fields: Fields) {
    this.fields = fields;
  }
  setStatus(code: number): void {
    this.status = code;
  }
  body(): JcoBody {
    return new JcoBody();
  }
}
class JcoBody {
  readonly output: JcoOutput = new JcoOutput();
  write(): JcoOutput {
    return this.output;
  }
  static finish(): void {}
}
class JcoOutput extends Output {
  blockingWriteAndFlush(contents: Uint8Array): void {
    this.write(contents);
  }
}
class JcoFields extends Fields {
  override set(name: string, value: Uint8Array): void {
    super.set(name, value.slice());
  }
}
export class JcoOutparam {
  response: unknown;
  static set(param: JcoOutparam, { val }: { readonly val: unknown }): void {
    param.response = val;
  }
}
export const classes: Functions = {
  Fields: JcoFields,
  Request,
  Response: JcoResponse,
  Body: JcoBody,
  Output: JcoOutput,
  Outparam: JcoOutparam,
};
