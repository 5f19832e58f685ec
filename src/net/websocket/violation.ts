/** A close code that says what was wrong (RFC 6455 §7.4.1): protocol error, not UTF-8, too big. */
export type ViolationCode = 1002 | 1007 | 1009;

/** One side broke the rules of RFC 6455. */
export class Violation extends Error {
  readonly code: ViolationCode;

  constructor(code: ViolationCode, message: string) {
    super(message);
    this.code = code;
  }
}
