import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProcess } from "./peer-process.ts";
import { freePort, untilConnects } from "./ports.ts";
import type { Scope } from "./scope.ts";

/** nginx with one worker that serves a directory, as a careful operator has it do. The worker's pid: the master does nothing. */
export async function startNginxStatic(
  scope: Pick<Scope, "after">,
  path: string,
  { root, host }: { readonly root: string; readonly host: string },
): Promise<{ pid: number; port: number }> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "warren-bench-nginx-"));
  scope.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  writeFileSync(
    config,
    `daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 100000000;
  sendfile on;
  tcp_nopush on;
  types { text/javascript js; application/octet-stream bin; }
  charset utf-8;
  ${temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(" ")}
  server {
    listen 127.0.0.1:${port};
    server_name ${host};
    root ${root};
    gzip_static on;
    add_header X-Content-Type-Options nosniff;
  }
}
`,
  );
  const master = startProcess(scope, path, ["-e", "stderr", "-c", config]);
  await untilConnects(port);
  const [worker] = readFileSync(`/proc/${master.pid}/task/${master.pid}/children`, "utf8").trim().split(" ");
  return { pid: Number(worker), port };
}
