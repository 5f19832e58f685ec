import { method, ScriptError, ScriptFunction, ScriptObject, type Value } from "./value.ts";

/** Something is under way that the program waits for; what it gives runs the rest, once, after the program's present call. */
export type Begin = () => (run: () => void) => void;

/** A promise as the program sees it. `answer` rejects by a ScriptError only. */
export function scriptPromise(answer: Promise<Value>, begin: Begin): ScriptObject {
  // Whoever does not ask is not told.
  answer.catch(() => {});
  const then = ([onValue, onError]: readonly Value[]): Value => {
    const complete = begin();
    const next = new Promise<Value>((resolve, reject) => {
      const tell = (listener: Value, value: Value, otherwise: () => void) =>
        complete(() => {
          if (!(listener instanceof ScriptFunction)) return otherwise();
          try {
            resolve(listener.call(undefined, [value]));
          } catch (error) {
            if (!(error instanceof ScriptError)) throw error;
            reject(error);
          }
        });
      answer.then(
        (value) => tell(onValue, value, () => resolve(value)),
        (error: ScriptError) => tell(onError, error.value, () => reject(error)),
      );
    });
    return scriptPromise(next, begin);
  };
  const promise = new ScriptObject({ catch: method(([onError]) => then([undefined, onError])) });
  promise.set("then", method(then));
  return promise;
}

/** What an operation of the host's failed by, as the program is told of it: its text alone. */
export function failureOf(name: string, error: unknown): ScriptError {
  const text = error instanceof Error ? error.message : "failed";
  const failure = new ScriptError(text, { name });
  failure.value.set(
    "toString",
    method(() => `${name}: ${text}`),
  );
  return failure;
}
