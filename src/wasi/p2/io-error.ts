/** `wasi:io/error.error`: what a stream failed with. */
export class IoError {
  readonly message: string;
  /** What it is to the interface that can tell more about it than the message. */
  readonly cause: IoErrorCause | undefined;

  constructor(message: string, cause?: IoErrorCause) {
    this.message = message;
    this.cause = cause;
  }
}

/** An `error-code` of `wasi:filesystem/types`, `wasi:sockets/network` or `wasi:http/types`. */
export type IoErrorCause =
  | { readonly domain: "filesystem"; readonly code: string }
  | { readonly domain: "sockets"; readonly code: string }
  | { readonly domain: "http"; readonly code: { readonly tag: string; readonly val: unknown } };
