/** RFC 9000 §8.1: before an address is known to be the sender's own, three times what came from it. */
const factor = 3;
/** IPv4 and UDP headers: a small datagram costs the network more than its payload, and so does a small reply. */
const headerBytes = 28;
/** What a sender has beyond that, so that the answer to a short question (DNS: 1232 bytes, as its servers have agreed in 2020) fits; it comes back. */
const slackBytes = 2048;
const slackBytesPerMs = 1024 / 1000;
/** Senders that are remembered; the first come is forgotten first. Who is forgotten gets nothing until it sends again. */
const sendersMaxDefault = 65_536;

interface Balance {
  /** Bytes that may be sent. */
  bytes: number;
  /** When the slack last came back, milliseconds. */
  at: number;
}

/**
 * How much may be sent to whom, so that nobody can use a guest to flood the host whose address he forges: three times the bytes that came from there,
 * and a kilobyte a second. UDP itself never shows that a sender is real, so the rule does not end; it goes by IP, not port, since a forger
 * chooses the port.
 */
export class ReplyBudget {
  readonly #senders = new Map<string, Balance>();
  readonly #sendersMax: number;

  constructor(sendersMax: number = sendersMaxDefault) {
    this.#sendersMax = sendersMax;
  }

  /** A datagram of so many bytes came. `now` in milliseconds, of a monotonic clock. */
  received(ip: string, bytes: number, now: number): void {
    const credit = factor * (bytes + headerBytes);
    const balance = this.#senders.get(ip);
    if (balance !== undefined) {
      refill(balance, now);
      balance.bytes += credit;
      return;
    }
    if (this.#senders.size >= this.#sendersMax) {
      for (const oldest of this.#senders.keys()) {
        this.#senders.delete(oldest);
        break;
      }
    }
    this.#senders.set(ip, { bytes: slackBytes + credit, at: now });
  }

  /** Whether a reply of so many bytes may go out, which then counts as sent. */
  spend(ip: string, bytes: number, now: number): boolean {
    const balance = this.#senders.get(ip);
    if (balance === undefined) return false;
    refill(balance, now);
    const cost = bytes + headerBytes;
    if (balance.bytes < cost) return false;
    balance.bytes -= cost;
    return true;
  }
}

/** The slack comes back up to its size; what was earned beyond it stays. */
function refill(balance: Balance, now: number): void {
  if (balance.bytes < slackBytes)
    balance.bytes = Math.min(slackBytes, balance.bytes + (now - balance.at) * slackBytesPerMs);
  balance.at = now;
}
