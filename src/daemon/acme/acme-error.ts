import { WarrenError } from "../../base/errors.ts";

/** Of what a CA says, in an error. */
const detailCharsMax = 300;

/**
 * Who has to do something about a failure: `ca`, everything asked of this CA fails and another may do; `name`, this name
 * cannot be proven, and another CA would not find it otherwise; `policy`, this CA does not issue for the name, another may.
 */
export type Fault = "ca" | "name" | "policy";

/** What a CA answered that it would not do, or how it could not be asked. Codes: `acme.*`. */
export class AcmeError extends WarrenError {
  readonly fault: Fault;
  /** The last part of the problem's type (RFC 8555 §6.7), such as `rateLimited`. */
  readonly problem: string | undefined;
  /** Not to be asked again before then, in ms since the epoch. */
  readonly retryAt: number | undefined;

  constructor(
    code: string,
    message: string,
    fault: Fault,
    details: { problem?: string; retryAt?: number; cause?: unknown } = {},
  ) {
    super(code, message, { status: 502, ...(details.cause === undefined ? {} : { cause: details.cause }) });
    this.fault = fault;
    this.problem = details.problem;
    this.retryAt = details.retryAt;
  }
}

/** Problem types that speak of the name and not of the CA or the account (RFC 8555 §6.7). */
const nameProblems = new Set(["connection", "dns", "incorrectResponse", "tls", "unauthorized"]);
/** `malformed` is what some say of a name that they never issue for. */
const policyProblems = new Set(["caa", "rejectedIdentifier", "unsupportedIdentifier", "badCSR", "malformed"]);

export function faultOf(problem: string | undefined): Fault {
  if (problem === undefined) return "ca";
  if (nameProblems.has(problem)) return "name";
  return policyProblems.has(problem) ? "policy" : "ca";
}

/** Text of a CA as it may stand in an error: one line, without control characters. */
export function quoted(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  return plain.length > detailCharsMax ? `${plain.slice(0, detailCharsMax)}…` : plain;
}
