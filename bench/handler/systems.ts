import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WarrenError } from "../../src/base/errors.ts";
import { TestDaemon } from "../../test/support/daemon.ts";
import { findExecutable } from "../support/executable.ts";
import { startJco } from "../support/jco-serve.ts";
import { startNginxStatic } from "../support/nginx-static.ts";
import { startNode } from "../support/peer-process.ts";
import type { Scope } from "../support/scope.ts";
import type { System } from "../support/system.ts";
import { findWasmtime, startWasmtime } from "../support/wasmtime.ts";
import { findWorkerd, startWorkerd } from "../support/workerd.ts";
import type { Guest, Part } from "./parts.ts";

const peers = join(import.meta.dirname, "../peers");
const honoApp = join(import.meta.dirname, "../../examples/typescript-handler/src/index.ts");

/** What runs, by name: `Warren, C`, `wasmtime serve, C`, `nginx, a file`. */
type Running = ReadonlyMap<string, Omit<System, "path" | "post">>;

/** All systems, which stand idle while others are measured. */
export interface Systems {
  /** Those that serve a part's requests, and answer them rightly. */
  for(part: Part): System[];
}

export async function startSystems(scope: Scope, components: ReadonlyMap<Guest, string>): Promise<Systems> {
  const running = new Map<string, Omit<System, "path" | "post">>();
  const add = (name: string, host: string, peer: { pid: number; port: number }): void => {
    running.set(name, { name, host, port: peer.port, pids: [peer.pid] });
  };
  await startWarren(scope, components, running);
  const wasmtime = findWasmtime();
  if (wasmtime === undefined)
    console.log("skipped: wasmtime serve: wasmtime is not on PATH, nor named by WASMTIME (cargo install wasmtime-cli)");
  for (const [guest, component] of components) {
    const host = `${guest.toLowerCase()}.bench.example.com`;
    if (wasmtime !== undefined) add(`wasmtime serve, ${guest}`, host, await startWasmtime(scope, wasmtime, component));
    // In one instance StarlingMonkey answers one request and no more.
    const jco = guest === "C" ? await startJco(scope, component) : undefined;
    const name = `jco serve, ${guest}, not reset`;
    if (jco !== undefined) running.set(name, { name, host, ...jco });
  }
  const workerd = components.has("Hono") ? findWorkerd() : undefined;
  if (workerd !== undefined)
    add("workerd, not reset", "hono.bench.example.com", await startWorkerd(scope, workerd, honoApp));
  add("node:http", "node.bench.example.com", await startNode(scope, join(peers, "node-http.ts")));
  add("node:http, echo", "node.bench.example.com", await startNode(scope, join(peers, "node-http-echo.ts")));
  const nginx = findExecutable("nginx");
  if (nginx === undefined) console.log("skipped: nginx is not installed (apt-get install nginx)");
  else add("nginx, a file", "nginx.bench.example.com", await startNginxHello(scope, nginx));
  return { for: (part) => namesOf(part).flatMap((name) => systemOf(running, name, part)) };
}

function namesOf({ guests, others, post }: Part): string[] {
  return [
    ...guests.flatMap((guest) => [`Warren, ${guest}`, `wasmtime serve, ${guest}`, `jco serve, ${guest}, not reset`]),
    ...others.map((other) => {
      if (other === "nginx") return "nginx, a file";
      if (other === "workerd") return "workerd, not reset";
      return post === undefined ? "node:http" : "node:http, echo";
    }),
  ];
}

function systemOf(running: Running, name: string, { path, post }: Part): System[] {
  const found = running.get(name);
  return found === undefined ? [] : [{ ...found, path, ...(post === undefined ? {} : { post }) }];
}

/** One worker with each component as a service. What it does not take is named, and measured is the rest. */
async function startWarren(
  scope: Scope,
  components: ReadonlyMap<Guest, string>,
  running: Map<string, Omit<System, "path" | "post">>,
): Promise<void> {
  const daemon = await TestDaemon.start(scope, { workers: 1 });
  for (const [guest, component] of components) {
    const name = guest.toLowerCase();
    const host = `${name}.bench.example.com`;
    try {
      await daemon.deployBytes(name, readFileSync(component), { route: [{ host }] });
    } catch (error) {
      if (!(error instanceof WarrenError)) throw error;
      console.log(`skipped: Warren, ${guest}: ${error.message}`);
      continue;
    }
    await checkReset(daemon.port, host);
    running.set(`Warren, ${guest}`, { name: `Warren, ${guest}`, host, port: daemon.port, pids: daemon.workerPids() });
  }
}

/** What the C guest counts must be forgotten between two requests: figures of another service mean nothing. */
async function checkReset(port: number, host: string): Promise<void> {
  for (const _ of [1, 2, 3]) {
    const answer = await askText(port, host);
    if (!answer.startsWith("Hello from ")) throw new Error(`${host} answered ${JSON.stringify(answer)}`);
  }
}

function askText(port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, headers: { host } }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      answer.on("end", () => resolve(text));
    })
      .on("error", reject)
      .end();
  });
}

async function startNginxHello(scope: Scope, nginx: string): Promise<{ pid: number; port: number }> {
  const root = mkdtempSync(join(tmpdir(), "warren-bench-hello-"));
  scope.after(() => rmSync(root, { recursive: true, force: true }));
  chmodSync(root, 0o755);
  writeFileSync(join(root, "index.html"), "Hello from nginx\n");
  return startNginxStatic(scope, nginx, { root, host: "nginx.bench.example.com" });
}
