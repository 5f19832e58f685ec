import type { Host } from "../../wasi/p1/host.ts";
import type { HttpContext, HttpHost } from "../../wasi/p2/http/host.ts";
import { ResourceCount } from "../../wasi/p2/resource-count.ts";

/** Streams, pollables and the like that an instance may have at a time. */
const resourcesMax = 10_000;

/** What an instance has, as WASI 0.2 sees it. */
export function componentHost(host: Host, http: HttpContext): HttpHost {
  const { table, thread, clocks, random, network, dialler, args, env, handed, keyValue, log } = host;
  return {
    table,
    thread,
    clocks,
    random,
    network,
    dialler,
    args,
    env,
    handed,
    keyValue,
    log,
    http,
    resources: new ResourceCount(resourcesMax),
    exit: (code) => host.exit(code),
  };
}
