import { WarrenError } from "../../base/errors.ts";
import { Flow } from "../../base/flow.ts";
import type { TargetRequest, TargetResponse } from "../../net/target.ts";
import { openMounts } from "../../wasi/files/mount.ts";
import { newActivity } from "../activity.ts";
import type { SiteOptions } from "./site-options.ts";
import { StaticSite } from "./static-site.ts";

// What the tests of this folder share: a site without a front before it.

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface TestSite extends Disposable {
  get(path: string, headers?: Readonly<Record<string, string>>, method?: string): Promise<Answer>;
  /** With the body as it is, for the caller to read or cancel. */
  handle(path: string, headers?: Readonly<Record<string, string>>, method?: string): Promise<TargetResponse>;
}

export function openSite(source: string, options: SiteOptions = {}, mountedAt = ""): TestSite {
  const [root] = openMounts([{ source, target: "/", mode: "ro" }]);
  if (root === undefined) throw new Error("there is one mount");
  const site = new StaticSite(root, options, newActivity());
  const handle: TestSite["handle"] = (path, headers = {}, method = "GET") =>
    site.handle(requestFor(path, headers, method, mountedAt));
  return {
    handle,
    get: async (path, headers, method) => {
      const { status, headers: fields, body } = await handle(path, headers, method);
      const bytes = await readAll(body);
      return {
        status,
        headers: Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), value])),
        body: bytes.toString("latin1"),
      };
    },
    [Symbol.dispose]: () => root.close(),
  };
}

/** The next chunk of a flow, which may have to be waited for; undefined at its end. */
export async function nextChunk(flow: Flow): Promise<Uint8Array | undefined> {
  for (;;) {
    const chunk = flow.shift();
    if (chunk !== undefined || flow.finished) return chunk;
    await new Promise<void>((resolve) => {
      flow.onReadable = resolve;
    });
  }
}

/** All that a flow gives. Rejects with what it fails with. */
export function readAll(flow: Flow): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  return new Promise((resolve, reject) => {
    let pumping = false;
    const pump = (): void => {
      // Taking a chunk makes the file push the next one before this one is kept.
      if (pumping) return;
      pumping = true;
      for (let chunk = flow.shift(); chunk !== undefined; chunk = flow.shift()) chunks.push(chunk);
      pumping = false;
      if (!flow.finished) return;
      if (flow.failure === undefined) resolve(Buffer.concat(chunks));
      else reject(flow.failure);
    };
    flow.onReadable = pump;
    pump();
  });
}

function requestFor(
  path: string,
  headers: Readonly<Record<string, string>>,
  method: string,
  mountedAt: string,
): TargetRequest {
  const body = new Flow();
  body.fail(new WarrenError("test.body", "nobody reads the body of a request for a file"));
  return {
    method,
    path,
    mountedAt,
    host: "site.localhost",
    scheme: "http",
    headers: Object.entries(headers),
    body,
    client: { ip: "127.0.0.1", port: 1 },
    server: { ip: "127.0.0.1", port: 2 },
    signal: new AbortController().signal,
  };
}
