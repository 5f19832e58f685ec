import type { RequestView } from "./dispatch.ts";
import type { Match } from "./router.ts";
import type { ServicePolicy } from "./service-policy.ts";
import type { Activity } from "./target.ts";

/** A whole answer that the front gives itself. Its fields are checked when they are written. */
export interface Answer {
  readonly status: number;
  /** Without Content-Length and Date, which whoever writes it adds. */
  readonly fields: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

/** A route that needs no guest: every worker answers it. */
export interface AnswerTarget {
  readonly kind: "answer";
  /** Of its service, in this process. */
  readonly policy?: ServicePolicy | undefined;
  /** Counted for its service. */
  readonly activity?: Activity | undefined;
  answer(request: RequestView, match: Match): Answer;
}

/** The same answer to every request: a service that is being worked on, a robots.txt. */
export function fixedAnswer(answer: Answer): AnswerTarget {
  return { kind: "answer", answer: () => answer };
}
