import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProcess } from "./peer-process.ts";
import { freePort, untilConnects } from "./ports.ts";
import type { Scope } from "./scope.ts";

export interface ProxyOptions {
  /** The port of the server behind it. */
  readonly upstream: number;
  readonly hosts: readonly string[];
  /** Clients speak HTTP/2 with prior knowledge; HTTP/1.1 when absent. */
  readonly http2?: boolean;
  /** Clients speak TLS: the files of a certificate and its key, and one with both. */
  readonly tls?: CertificateFiles | undefined;
}

export interface CertificateFiles {
  readonly chain: string;
  readonly key: string;
  readonly both: string;
}

/** nginx with one worker as a proxy of an upstream, for many hosts. The worker's pid: the master does nothing. */
export async function startNginx(
  scope: Scope,
  path: string,
  options: ProxyOptions,
): Promise<{ pid: number; port: number }> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "warren-bench-nginx-"));
  scope.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, "nginx.conf");
  writeFileSync(config, configuration(folder, port, options));
  const master = startProcess(scope, path, ["-e", "stderr", "-c", config]);
  await untilConnects(port);
  const [worker] = readFileSync(`/proc/${master.pid}/task/${master.pid}/children`, "utf8").trim().split(" ");
  return { pid: Number(worker), port };
}

/** What a careful operator writes: keep-alive to the upstream, the forwarding fields, no access log. */
function configuration(folder: string, port: number, { upstream, hosts, http2, tls }: ProxyOptions): string {
  const listen = `${port}${tls === undefined ? "" : " ssl"}${http2 ? " http2" : ""}`;
  return `daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 100000000;
  server_names_hash_max_size 65536;
  server_names_hash_bucket_size 128;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(" ")}
  # Bodies that a slow client has yet to take wait in memory, as in the others, and never on the disk.
  proxy_max_temp_file_size 0;
  upstream guest { server 127.0.0.1:${upstream}; keepalive 64; keepalive_requests 100000000; }
  # For WebSockets, which every proxy here passes on.
  map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
  server {
    listen 127.0.0.1:${listen};
    ${tls === undefined ? "" : `ssl_certificate ${tls.chain}; ssl_certificate_key ${tls.key}; ssl_protocols TLSv1.2 TLSv1.3;`}
    server_name ${hosts.join("\n      ")};
    location / {
      proxy_pass http://guest;
      proxy_http_version 1.1;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $host;
    }
  }
}
`;
}
