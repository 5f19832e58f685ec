/** An error that a person or a program is meant to act on. Programmer errors use {@link assert} instead. */
export interface ErrorDetails {
  /** What to do next, one sentence. */
  readonly hint?: string;
  /** HTTP status that the control API answers with; 400 when it is not given. */
  readonly status?: number;
  /** Byte offset, JSON path or the like, for programs. */
  readonly at?: string | number;
  readonly cause?: unknown;
}

/**
 * An operating error with a stable dotted code such as `manifest.unknown-key`. The message says what was being done, the
 * value and why, in one or two lines.
 */
export class WarrenError extends Error {
  override readonly name = "WarrenError";
  readonly code: string;
  readonly hint: string | undefined;
  readonly status: number;
  readonly at: string | number | undefined;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.status = details.status ?? 400;
    this.at = details.at;
  }
}

/** What crosses a process boundary in place of a {@link WarrenError}. */
export interface ErrorRecord {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly status?: number;
  readonly at?: string | number;
}

/** Turns anything thrown into a record; what is not a WarrenError becomes `internal`. */
export function errorRecord(error: unknown): ErrorRecord {
  if (error instanceof WarrenError) {
    const { code, message, hint, status, at } = error;
    return { code, message, status, ...(hint === undefined ? {} : { hint }), ...(at === undefined ? {} : { at }) };
  }
  return { code: "internal", message: error instanceof Error ? error.message : String(error), status: 500 };
}

/** The inverse of {@link errorRecord}. */
export function errorFromRecord(record: ErrorRecord): WarrenError {
  return new WarrenError(record.code, record.message, record);
}

/** The system's code of a Node error (`ENOENT`), or undefined. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
