import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProcess } from "./peer-process.ts";
import { freePort, untilConnects } from "./ports.ts";
import type { Scope } from "./scope.ts";

/** Ports of a proxy for streams; where it has none for a protocol, undefined. */
export interface StreamProxy {
  readonly pid: number;
  readonly tcp: number;
  readonly ws: number;
  readonly udp?: number;
}

function configured(scope: Scope, name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "warren-bench-streams-"));
  scope.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, name);
  writeFileSync(file, text.replaceAll("FOLDER", folder));
  return file;
}

/** haproxy with one thread. `splice`: bytes do not pass through its memory. */
export async function startHaproxy(
  scope: Scope,
  path: string,
  upstream: number,
  splice: boolean,
): Promise<StreamProxy> {
  const [tcp, ws] = [await freePort(), await freePort()];
  const file = configured(
    scope,
    "haproxy.cfg",
    `global
  nbthread 1
  maxconn 4096
defaults
  timeout connect 5s
  timeout client 5m
  timeout server 5m
  timeout tunnel 5m
  ${splice ? "option splice-auto" : ""}
listen tcp
  mode tcp
  bind 127.0.0.1:${tcp}
  server echo 127.0.0.1:${upstream}
listen ws
  mode http
  bind 127.0.0.1:${ws}
  server echo 127.0.0.1:${upstream}
`,
  );
  const child = startProcess(scope, path, ["-db", "-f", file]);
  await untilConnects(tcp);
  return { pid: child.pid!, tcp, ws };
}

/** nginx with one worker and Debian's module for streams, whose pid it gives. */
export async function startNginxStream(
  scope: Scope,
  path: string,
  module: string,
  upstream: number,
): Promise<StreamProxy> {
  const [tcp, ws] = [await freePort(), await freePort()];
  const file = configured(
    scope,
    "nginx.conf",
    `load_module ${module};
daemon off;
worker_processes 1;
pid FOLDER/pid;
error_log stderr error;
events { worker_connections 4096; }
stream {
  server { listen 127.0.0.1:${tcp}; proxy_pass 127.0.0.1:${upstream}; }
  server { listen 127.0.0.1:${tcp} udp; proxy_pass 127.0.0.1:${upstream}; }
}
http {
  access_log off;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path FOLDER/${kind};`).join(" ")}
  server {
    listen 127.0.0.1:${ws};
    location / {
      proxy_pass http://127.0.0.1:${upstream};
      proxy_http_version 1.1;
      proxy_set_header Connection "Upgrade";
      proxy_set_header Upgrade $http_upgrade;
    }
  }
}
`,
  );
  const master = startProcess(scope, path, ["-e", "stderr", "-c", file]);
  await untilConnects(tcp);
  const [worker] = readFileSync(`/proc/${master.pid}/task/${master.pid}/children`, "utf8").trim().split(" ");
  return { pid: Number(worker), tcp, ws, udp: tcp };
}
