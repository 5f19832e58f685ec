/** RFC 9000 §8.1: before an address is known to be the sender's own, three times what came from it. */
const factor = 3;
/** IPv4 and UDP headers: a small datagram costs the network more than its payload, and so does a small reply. */
const headerBytes = 28;
/** What a sender has beyond that, so that the answer to a short question (DNS: 1232 bytes, as its servers have agreed in 2020) fits; it comes back. */
const slackBytes = 2048;
const slackBytesPerMs = 1024 / 1000;

/**
 * How much may be sent to one sender, so that nobody can use a guest to flood the host whose address he forges: three times the
 * bytes that came from there, and a kilobyte a second. UDP itself never shows that a sender is real, so the rule does not end.
 */
export class ReplyBudget {
  /** Bytes that may be sent. */
  #bytes = slackBytes;
  /** When the slack last came back, milliseconds. */
  #at: number;

  /** `now` in milliseconds, of a monotonic clock, as in all calls. */
  constructor(now: number) {
    this.#at = now;
  }

  /** A datagram of so many bytes came. */
  received(bytes: number, now: number): void {
    this.#refill(now);
    this.#bytes += factor * (bytes + headerBytes);
  }

  /** Whether a reply of so many bytes may go out, which then counts as sent. */
  spend(bytes: number, now: number): boolean {
    this.#refill(now);
    const cost = bytes + headerBytes;
    if (this.#bytes < cost) return false;
    this.#bytes -= cost;
    return true;
  }

  /** The slack comes back up to its size; what was earned beyond it stays. */
  #refill(now: number): void {
    if (this.#bytes < slackBytes) this.#bytes = Math.min(slackBytes, this.#bytes + (now - this.#at) * slackBytesPerMs);
    this.#at = now;
  }
}
