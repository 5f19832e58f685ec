/** What bounds one HTTP/2 connection beside {@link HttpLimits}. */
export const http2Limits = {
  /** Requests at a time; RFC 9113 §6.5.2 recommends no less than 100. */
  streamsMax: 100,
  /** Of a client's body that waits in one stream. */
  streamWindowBytes: 64 * 1024,
  /** Fields of a head as they are sent. More than of HTTP/1: a browser sends each cookie as one (RFC 9113 §8.2.3). */
  fieldLinesMax: 256,
  /** What node:http2 may hold for one connection. */
  sessionMegabytesMax: 16,
} as const;
