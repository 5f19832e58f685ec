import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import { freePort } from "./ports.ts";

const module = join(import.meta.dirname, "../pebble");
const name = "github.com/letsencrypt/pebble/v2";
const folder = mkdtempSync(join(tmpdir(), "warren-pebble-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const run = promisify(execFile);
let built: Promise<string> | undefined;

export interface PebbleSettings {
  /** Where it looks for proofs. */
  readonly httpPort: number;
  readonly tlsPort: number;
  /** Of the certificates, in seconds. */
  readonly validity?: number;
  /** Key ids and MAC keys of accounts that new ones must be bound to. */
  readonly external?: Readonly<Record<string, string>>;
  /** The percentage of good nonces that are refused. */
  readonly badNonces?: number;
  /** Names that it does not issue for. */
  readonly refused?: readonly string[];
}

/** Let's Encrypt's test CA, which finds every name at 127.0.0.1. It forgets all when it ends. */
export class Pebble {
  /** A file with the root of its own server's certificate. */
  readonly rootFile: string;
  readonly #settings: PebbleSettings;
  readonly #folder: string;
  #port = 0;
  #managementPort = 0;
  #children: ChildProcess[] = [];

  private constructor(settings: PebbleSettings, source: string) {
    this.#settings = settings;
    this.#folder = mkdtempSync(join(folder, "run-"));
    this.rootFile = join(source, "test/certs/pebble.minica.pem");
  }

  /** Builds it, once, and starts it; it ends with the test. Needs Go. */
  static async start(t: Pick<TestContext, "after">, settings: PebbleSettings): Promise<Pebble> {
    built ??= build();
    const pebble = new Pebble(settings, await built);
    t.after(() => pebble.stop());
    pebble.#port = await freePort();
    pebble.#managementPort = await freePort();
    await pebble.launch();
    return pebble;
  }

  get directory(): string {
    return `https://127.0.0.1:${this.#port}/dir`;
  }

  /** Starts it, also again: on the same port, with new roots and no accounts. */
  async launch(): Promise<void> {
    const { httpPort, tlsPort, validity = 90 * 86_400, external, badNonces = 5, refused = [] } = this.#settings;
    const source = await (built as Promise<string>);
    const dns = await freePort();
    const config = {
      pebble: {
        listenAddress: `127.0.0.1:${this.#port}`,
        managementListenAddress: `127.0.0.1:${this.#managementPort}`,
        certificate: join(source, "test/certs/localhost/cert.pem"),
        privateKey: join(source, "test/certs/localhost/key.pem"),
        httpPort,
        tlsPort,
        externalAccountBindingRequired: external !== undefined,
        ...(external === undefined ? {} : { externalAccountMACKeys: external }),
        domainBlocklist: refused,
        retryAfter: { authz: 1, order: 1 },
        keyAlgorithm: "ecdsa",
        profiles: { default: { description: "", validityPeriod: validity } },
      },
    };
    const file = join(this.#folder, "config.json");
    writeFileSync(file, JSON.stringify(config));
    const options = { stdio: ["ignore", "pipe", "inherit"] as ["ignore", "pipe", "inherit"] };
    const off = [
      "-http01",
      "",
      "-https01",
      "",
      "-tlsalpn01",
      "",
      "-doh",
      "",
      "-management",
      `127.0.0.1:${await freePort()}`,
    ];
    const resolver = spawn(
      join(folder, "pebble-challtestsrv"),
      ["-dnsserver", `127.0.0.1:${dns}`, "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", ...off],
      options,
    );
    const pebble = spawn(join(folder, "pebble"), ["-config", file, "-dnsserver", `127.0.0.1:${dns}`], {
      ...options,
      env: {
        ...process.env,
        PEBBLE_VA_NOSLEEP: "1",
        PEBBLE_AUTHZREUSE: "0",
        PEBBLE_WFE_NONCEREJECT: String(badNonces),
      },
    });
    this.#children = [resolver, pebble];
    await Promise.all([said(resolver, /Starting management server/i), said(pebble, /ACME directory available/)]);
  }

  async stop(): Promise<void> {
    const ending = this.#children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const end = once(child, "exit");
      child.kill("SIGKILL");
      await end;
    });
    this.#children = [];
    await Promise.all(ending);
  }

  /** The root of what it issues. */
  async root(): Promise<string> {
    return (await this.#manage("GET", "/roots/0")).text;
  }

  /** Has it say when it would have a certificate renewed (RFC 9773). */
  async suggest(certificate: string, window: { readonly start: Date; readonly end: Date }): Promise<void> {
    const ariResponse = JSON.stringify({ suggestedWindow: window });
    const { status, text } = await this.#manage(
      "POST",
      "/set-renewal-info/",
      JSON.stringify({ certificate, ariResponse }),
    );
    if (status !== 200) throw new Error(`pebble: ${text}`);
  }

  /** `Valid` or `Revoked`, by serial number. */
  async statusOf(serial: string): Promise<string> {
    const { text } = await this.#manage("GET", `/cert-status-by-serial/${serial.toLowerCase()}`);
    return (JSON.parse(text) as { Status: string }).Status;
  }

  #manage(method: string, path: string, body?: string): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const asked = request(
        {
          host: "127.0.0.1",
          port: this.#managementPort,
          method,
          path,
          ca: readFileSync(this.rootFile),
          headers: { "user-agent": "test" },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => chunks.push(chunk));
          answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
          answer.on("error", reject);
        },
      );
      asked.on("error", reject);
      asked.end(body);
    });
  }
}

/** The folder of its source. */
async function build(): Promise<string> {
  const go = (...args: string[]) => run("go", args, { cwd: module, env: { ...process.env, GOWORK: "off" } });
  await go(
    "build",
    "-mod=readonly",
    "-buildvcs=false",
    "-o",
    `${folder}/`,
    `${name}/cmd/pebble`,
    `${name}/cmd/pebble-challtestsrv`,
  );
  return (await go("list", "-m", "-f", "{{.Dir}}", name)).stdout.trim();
}

/** Resolves when a program has written a line like this. */
async function said(child: ChildProcess, wanted: RegExp): Promise<void> {
  let text = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      if (text.length < 100_000) text += chunk;
      if (wanted.test(text)) resolve();
    });
    child.once("exit", (code) => reject(new Error(`it ended (${code}):\n${text}`)));
    child.once("error", reject);
  });
}
