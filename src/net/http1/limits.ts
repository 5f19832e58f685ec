/** What bounds one HTTP connection. Times are milliseconds, kept to about a second. */
export interface HttpLimits {
  readonly requestHeadBytesMax: number;
  readonly responseHeadBytesMax: number;
  readonly fieldsMax: number;
  readonly targetBytesMax: number;
  /** Bytes read ahead of the request in hand before the socket is paused. */
  readonly aheadBytesMax: number;
  /** Body bytes thrown away to keep a connection whose request was answered early. */
  readonly discardBytesMax: number;
  /** From a head's first byte to its end. */
  readonly headMsMax: number;
  /** Between two pieces of a request body. */
  readonly bodyIdleMsMax: number;
  /** Between two requests, and before the first. */
  readonly keepAliveMsMax: number;
  /** Without the client taking a byte that waits for it. */
  readonly writeStallMsMax: number;
  /** From the request's start to the guest's answer. */
  readonly answerMsMax: number;
  /** Reading on after the last answer, so that a reset does not eat it (RFC 9112 §9.6). */
  readonly lingerMsMax: number;
  /** Of WebSockets that are checked. */
  readonly webSocket: {
    /** All frames of one message together. */
    readonly messageBytesMax: number;
    /** A client that says nothing for so long is pinged. */
    readonly pingMs: number;
    /** From a ping to whatever comes of it. */
    readonly pongMsMax: number;
    /** From the front's close frame to the connection's end. */
    readonly closeMsMax: number;
  };
}

export const httpLimits: HttpLimits = {
  requestHeadBytesMax: 16 * 1024,
  responseHeadBytesMax: 32 * 1024,
  fieldsMax: 100,
  targetBytesMax: 8 * 1024,
  aheadBytesMax: 64 * 1024,
  discardBytesMax: 256 * 1024,
  headMsMax: 10_000,
  bodyIdleMsMax: 30_000,
  keepAliveMsMax: 75_000,
  writeStallMsMax: 30_000,
  answerMsMax: 300_000,
  lingerMsMax: 3_000,
  webSocket: { messageBytesMax: 16 * 1024 * 1024, pingMs: 30_000, pongMsMax: 30_000, closeMsMax: 5_000 },
};
