import assert from "node:assert/strict";
import { closeSync, mkdtempSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Handler, Link } from "../../src/base/link.ts";
import { socketPair } from "../../src/base/native-socket.ts";
import { checkWall } from "../../src/daemon/wall/check.ts";
import { connectorPlan } from "../../src/daemon/wall/plans.ts";
import { buildWall, connectorWall } from "../../src/daemon/wall/wall.ts";
import { connectLinked, launchLinked } from "../../src/daemon/workers/linked-process.ts";
import type { ConnectorOrders, NameSources, OutboundRights } from "../../src/worker/protocol.ts";

const root = join(import.meta.dirname, "../..");

/** A connector behind its whole wall, run from source, of which a test is the daemon. */
export class ConnectorRig {
  readonly pid: number;
  readonly #link: Link;

  private constructor(pid: number, link: Link) {
    this.pid = pid;
    this.#link = link;
  }

  static async start(t: TestContext, names: NameSources = { servers: [], hosts: {} }): Promise<ConnectorRig> {
    const directory = mkdtempSync(join(tmpdir(), "warren-connector-"));
    const wall = buildWall("require");
    const plan = {
      ...connectorPlan(wall, { id: "test", version: "test" }),
      entry: join(root, "src/worker/connector/main.ts"),
    };
    const rig = await launchLinked(
      {
        directory,
        id: "test",
        plan,
        logPath: join(directory, "log"),
        descriptors: [],
        launcher: join(root, "src/worker/launcher.ts"),
        failed: (why) => assert.fail(why),
      },
      (pid) =>
        connectLinked(directory, "test", {}, (link, claimed) => {
          assert.equal(claimed, pid);
          checkWall(pid, connectorWall(wall));
          return new ConnectorRig(pid, link);
        }),
      () => {},
    );
    t.after(() => {
      rig.#link.close();
      try {
        process.kill(rig.pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
      rmSync(directory, { recursive: true, force: true });
    });
    await rig.order("names", names);
    return rig;
  }

  order<K extends keyof ConnectorOrders>(
    op: K,
    body: ConnectorOrders[K]["body"],
    fds: readonly number[] = [],
  ): Promise<ConnectorOrders[K]["answer"]> {
    return this.#link.call(op, body, fds);
  }

  /** A worker's ends of its lane and stream, as descriptors that are the caller's. */
  async workerEnds(id: string): Promise<{ lane: number; stream: number }> {
    const lane = socketPair("seqpacket");
    const stream = socketPair("stream");
    await this.order("worker", { id }, [lane[0], stream[0]]);
    closeSync(lane[0]);
    closeSync(stream[0]);
    return { lane: lane[1], stream: stream[1] };
  }

  async worker(t: TestContext, id: string, handlers: Record<string, Handler> = {}): Promise<Link> {
    const { lane, stream } = await this.workerEnds(id);
    const link = new Link(new Socket({ fd: stream, readable: true, writable: true }), lane, handlers);
    t.after(() => link.close());
    return link;
  }

  async grant(worker: string, service: string, rights: Partial<OutboundRights>, revision = 1): Promise<void> {
    await this.order("grant", { worker, service, revision, rights: { grants: [], services: [], ...rights } });
  }
}
