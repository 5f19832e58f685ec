import { CpuShare } from "../../../engine/cpu/cpu-share.ts";
import { Front } from "../../../net/front.ts";
import { listeningFd } from "../../../net/test-rig.ts";
import type { HttpContext } from "../../../wasi/p2/http/host.ts";
import type { Outbound } from "../../../wasi/sockets/outbound.ts";
import { GuestLog } from "../../guest-log.ts";
import { HandlerGuest, type HandlerOptions } from "../../handler-guest.ts";
import type { Incident, InstanceSpec } from "../../protocol.ts";
import type { PooledInstance } from "../pooled-instance.ts";
import { type JsHandler, JsInstance } from "./js-instance.ts";

export const testSpec: InstanceSpec = {
  service: "default/it",
  revision: 1,
  kind: "cgi",
  digest: "sha256:0",
  args: [],
  env: {},
  mounts: [],
  memoryBytesMax: 2 ** 26,
  weight: 100,
  ports: [],
};

export interface TestHandler {
  readonly guest: HandlerGuest;
  readonly instances: JsInstance[];
  readonly log: string[];
  readonly incidents: Incident[];
}

export interface TestHandlerOptions extends HandlerOptions {
  readonly spec?: Partial<InstanceSpec>;
  readonly outbound?: Outbound;
  make?(http: HttpContext): PooledInstance | Promise<PooledInstance>;
}

/** A guest whose instances are the handler. */
export function testHandler(handler: JsHandler, options: TestHandlerOptions = {}): TestHandler {
  const instances: JsInstance[] = [];
  const log: string[] = [];
  const incidents: Incident[] = [];
  const { spec = {}, outbound, make: other, ...handlerOptions } = options;
  const make = (http: HttpContext): PooledInstance => {
    const instance = new JsInstance(http, handler);
    instances.push(instance);
    return instance;
  };
  const sink = new GuestLog((_, entries) => {
    log.push(...entries.map(({ text }) => text));
    return true;
  });
  const environment = {
    log: sink,
    share: new CpuShare(),
    policy: undefined,
    onIncident: (incident: Incident) => void incidents.push(incident),
    outbound: () => outbound ?? nowhere,
  };
  const guest = new HandlerGuest({ ...testSpec, ...spec }, other ?? make, environment, handlerOptions);
  return { guest, instances, log, incidents };
}

const nowhere: Outbound = {
  resolve: async () => -2,
  connect: async () => -2,
  connectUnix: async () => -2,
  openDatagrams: () => -2,
  close() {},
};

/** A front with one listener, and what is served on it. */
export class TestFront {
  readonly front: Front = new Front();
  port = 0;

  async listen(): Promise<void> {
    const { fd, port } = await listeningFd();
    this.port = port;
    await this.front.addHttpListener("http", fd);
  }

  /** Serves a handler in JavaScript, in the place of the one before. */
  serve(handler: JsHandler, options: TestHandlerOptions = {}): TestHandler {
    const made = testHandler(handler, options);
    this.front.router.delete("it");
    this.front.router.set("it", [{ listener: "http", target: made.guest }]);
    return made;
  }

  close(): void {
    this.front.destroy();
  }
}
