/** How an instance ended. */
export type Exit =
  | {
      readonly kind: "exit";
      readonly code: number;
      /** The Linux number of the signal that it raised to end by; the code is 128 more. */
      readonly signal?: number;
    }
  | {
      readonly kind: "trap";
      /** `unreachable`, `memory access out of bounds`, `call stack exhausted` … */
      readonly message: string;
      /** The guest's functions, innermost first, 20 at the most. */
      readonly backtrace: readonly string[];
    }
  /** It was ended because it used more than it may. */
  | { readonly kind: "limit"; readonly code: "limit.deadline"; readonly message: string }
  | { readonly kind: "killed"; readonly reason: string };

/** One line for people. */
export function describeExit(exit: Exit): string {
  switch (exit.kind) {
    case "exit":
      return `exited with code ${exit.code}`;
    case "trap":
      return `crashed: ${exit.message}${exit.backtrace.length === 0 ? "" : ` (in ${exit.backtrace[0]})`}`;
    case "limit":
      return `was ended: ${exit.message} (${exit.code})`;
    case "killed":
      return `was stopped: ${exit.reason}`;
  }
}
