// What the daemon and a worker say to each other, and nothing else: the one file of src/worker that the daemon imports.
// Every message is one line of JSON on a stream; file descriptors go ahead of the message that names them, on the lane.

/** One service as a worker runs it. */
export interface InstanceSpec {
  /** `namespace/name`. */
  readonly service: string;
  readonly revision: number;
  readonly kind: "server" | "cgi";
  readonly digest: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  readonly limits: Limits;
  /** The listeners that the guest is handed, from descriptor 3 on. */
  readonly ports: readonly GuestPort[];
}

export interface GuestPort {
  readonly protocol: "tcp" | "udp";
  /** The guest's own port; 0 where the manifest names none. */
  readonly port: number;
}

/** A route as workers know it: the part of a listener's traffic and the service that gets it. */
export interface RouteEntry extends Pick<Route, "host" | "path" | "ip"> {
  /** The listener's key, e.g. `http://0.0.0.0:8080`. */
  readonly listener: string;
  readonly port: number;
}

/** Where a service is served. CGI: in every worker. */
export interface Placement {
  readonly service: string;
  readonly revision: number;
  readonly kind: "server" | "cgi";
  /** The worker that holds the instance, undefined while there is none. */
  readonly worker: string | undefined;
  readonly routes: readonly RouteEntry[];
}
