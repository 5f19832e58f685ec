/** How long a destination that was refused is not named again. */
const quietMs = 60_000;
const destinationsMax = 256;
const pathCharactersMax = 200;

export type Refused = RefusedHost | RefusedUnix;

export interface RefusedUnix {
  /** The guest's name of it. */
  readonly unix: string;
}

export interface RefusedHost {
  /** As in a manifest. */
  readonly host: string;
  readonly port?: number;
  readonly protocol?: "tcp" | "udp";
  /** Of a name that is granted: where it leads, which no name may. */
  readonly address?: string;
  /** Of a service, its name. */
  readonly service?: string;
}

/** Says to a service's log what it was refused, and the lines of its manifest that would grant it: once a minute for each. */
export class RefusalLog {
  readonly #write: (text: string) => void;
  readonly #now: () => number;
  readonly #told = new Map<string, number>();

  /** `now`: milliseconds of a monotonic clock. */
  constructor(write: (text: string) => void, now: () => number = () => performance.now()) {
    this.#write = write;
    this.#now = now;
  }

  add(refused: Refused): void {
    const text = refusalText(refused);
    const now = this.#now();
    const last = this.#told.get(text);
    if (last !== undefined && now - last < quietMs) return;
    this.#told.delete(text);
    if (this.#told.size >= destinationsMax) {
      const [oldest] = this.#told.keys();
      this.#told.delete(oldest as string);
    }
    this.#told.set(text, now);
    this.#write(text);
  }
}

function refusalText(refused: Refused): string {
  if ("unix" in refused) {
    const path = JSON.stringify(refused.unix.slice(0, pathCharactersMax));
    return `not granted: the unix socket ${path}; add to its manifest: [[outbound]] unix = ${path}`;
  }
  const { host, port, protocol = "tcp", address, service } = refused;
  const bracketed = host.includes(":") ? `[${host}]` : host;
  const what = `${bracketed}${port === undefined ? "" : `:${port}`}${protocol === "udp" ? "/udp" : ""}`;
  const why = address === undefined ? "" : `, which has the address ${address}: not of the internet`;
  const key = service === undefined ? `host = "${address ?? host}"` : `service = "${service}"`;
  const rest = `${port === undefined ? "" : `, port = ${port}`}${protocol === "udp" ? ', protocol = "udp"' : ""}`;
  return `not granted: ${what}${why}; add to its manifest: [[outbound]] ${key}${rest}`;
}
