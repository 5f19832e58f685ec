/** What a client sends first that knows that the server speaks HTTP/2 (RFC 9113 §3.4). */
export const preface: Buffer = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** As much of it as makes a whole head to a parser of HTTP/1, which refuses it for its version. */
const headBytes = 18;

/** Whether a connection whose first bytes are no request of HTTP/1 is one of HTTP/2. */
export function beginsHttp2(bytes: Buffer): boolean {
  return bytes.length >= headBytes && bytes.compare(preface, 0, headBytes, 0, headBytes) === 0;
}
