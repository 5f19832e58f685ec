import type { HostCall } from "../../../component/host.ts";
import { type FieldProblem, Fields } from "../../http/fields.ts";
import { done, err, ok, type WitResult } from "../result.ts";
import { trap } from "../trap.ts";
import type { HttpHost } from "./host.ts";

type HeaderError = { readonly tag: Exclude<FieldProblem, "too-large">; readonly val: undefined };

const problems: Readonly<Record<HeaderError["tag"], WitResult<never, HeaderError>>> = {
  "invalid-syntax": err({ tag: "invalid-syntax", val: undefined }),
  forbidden: err({ tag: "forbidden", val: undefined }),
  immutable: err({ tag: "immutable", val: undefined }),
};

/** The functions of `fields` of wasi:http/types. */
export function fieldFunctions({ http, resources }: HttpHost): Record<string, HostCall> {
  return {
    "[constructor]fields": () => {
      resources.add();
      return Fields.empty(http);
    },
    "[static]fields.from-list": (entries: readonly (readonly [string, Uint8Array])[]) => {
      const made = Fields.from(http, entries);
      if (!(made instanceof Fields)) return failed(made);
      resources.add();
      return ok(made);
    },
    "[method]fields.get": (self: Fields, name: string) => self.get(name),
    "[method]fields.has": (self: Fields, name: string) => self.has(name),
    "[method]fields.set": (self: Fields, name: string, values: readonly Uint8Array[]) => result(self.set(name, values)),
    "[method]fields.delete": (self: Fields, name: string) => result(self.delete(name)),
    "[method]fields.append": (self: Fields, name: string, value: Uint8Array) => result(self.append(name, value)),
    "[method]fields.entries": (self: Fields) => self.entries(),
    "[method]fields.clone": (self: Fields) => {
      resources.add();
      return self.clone() ?? tooLarge();
    },
    "[resource-drop]fields": (self: Fields) => {
      resources.remove();
      self.release();
    },
  };
}

function result(problem: FieldProblem | undefined): WitResult<undefined, HeaderError> {
  return problem === undefined ? done : failed(problem);
}

function failed(problem: FieldProblem): WitResult<never, HeaderError> {
  return problem === "too-large" ? tooLarge() : problems[problem];
}

/** wasi:http 0.2 has no error for it. */
function tooLarge(): never {
  trap("the guest's fields are too large");
}
