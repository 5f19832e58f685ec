import { isIP } from "node:net";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { parseNetwork } from "../../base/ip.ts";
import { parseSize } from "../../control/size.ts";
import type { Isolation } from "../../daemon/services/plan.ts";
import type { WallMode } from "../../daemon/wall/wall.ts";
import { type AcmeFlags, acmeSettings, defineAcme } from "../acme-options.ts";
import { defaultSocket, defaultState } from "../daemon-address.ts";
import { collect, examples, jsonOption, wholeNumber } from "../options.ts";

interface ServeOptions extends AcmeFlags {
  readonly state?: string;
  readonly http?: string[];
  readonly tls?: string;
  readonly socket?: string;
  readonly workers?: number;
  readonly workerMemory?: number;
  readonly wall: WallMode;
  readonly isolation: Isolation;
  readonly dns?: string[];
  readonly proxyFrom?: string[];
  readonly logFormat: "auto" | "json" | "text";
  readonly logLevel: string;
  readonly json?: boolean;
}

const workerMemoryBytesMin = 2 ** 20;
/** Only this machine can reach a first try; what others should reach is named with --http. */
const defaultHttp = "127.0.0.1:8080";

export function define(command: Command): void {
  jsonOption(command, "the same as --log-format json")
    .description(
      "Run the daemon: serve the deployed services and take orders from the other commands. SIGTERM and Ctrl-C drain and end it.",
    )
    .option(
      "--http <ADDR>",
      `address of the HTTP listener, several times for several; [::]:80 is every IPv6 address (default: ${defaultHttp})`,
      collect(String),
    )
    .option("--https <ADDR>", "the same for HTTP over TLS, such as :443", collect(String))
    .option("--tls <DIR>", "certificates: NAME.crt with NAME.key, or both in NAME.pem; read again when they change")
    .option("--state <DIR>", "state directory (default: $XDG_STATE_HOME/warren; /var/lib/warren for root)")
    .option(
      "--socket <PATH>",
      "socket of the control API (default: $XDG_RUNTIME_DIR/warren.sock; /run/warren.sock for root)",
    )
    .option("--workers <N>", "worker processes (default: one for each core)", wholeNumber(1, 1024))
    .option(
      "--worker-memory <SIZE>",
      "memory that the instances of one worker may hold before another is refused, such as 4GiB (default: a worker's part of the machine's, or of the control group's)",
      size,
    )
    .addOption(
      new Option(
        "--wall <MODE>",
        "the system's wall around workers; auto: what this machine has, require: all of it or no start, off: none, to find faults",
      )
        .choices(["auto", "require", "off"])
        .default("auto"),
    )
    .option(
      "--dns <ADDR>",
      "name server for what services connect to, several times for several (default: those of /etc/resolv.conf)",
      collect(nameServer),
    )
    .option(
      "--proxy-from <CIDR>",
      "addresses of load balancers whose connections begin with a PROXY protocol header, several times for several",
      collect(network),
    )
    .addOption(
      new Option(
        "--isolation <MODE>",
        "namespace: each namespace's services run in a worker of their own, and none in those that hold the listeners",
      )
        .choices(["shared", "namespace"])
        .default("shared"),
    )
    .addOption(
      new Option("--log-format <FORMAT>", "auto: text on a terminal, else JSON")
        .choices(["auto", "json", "text"])
        .default("auto"),
    )
    .addOption(
      new Option("--log-level <LEVEL>", "the least that is logged; debug tells each step of a deploy")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    )
    .action(serve);
  defineAcme(command);
  examples(command, [
    ["warren serve", `services on http://${defaultHttp}, for this machine only`],
    ["warren serve --http :80", "for everyone who reaches this machine, on port 80"],
    [
      "warren serve --http :80 --https :443 --acme me@example.com",
      "with certificates of Let's Encrypt for the hosts of all services",
    ],
    [
      "warren serve --state ./state --socket ./warren.sock",
      "beside another daemon; WARREN_HOST=unix://$PWD/warren.sock reaches it",
    ],
  ]);
}

/** `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53`, `[2001:db8::53]:5353`. */
function nameServer(text: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\](?::[0-9]{1,5})?|([0-9.]+)(?::[0-9]{1,5})?)$/.exec(text) ?? [];
  if (isIP(bracketed ?? plain ?? text) !== 0) return text;
  throw new InvalidArgumentError("Expected an address, such as 192.0.2.53 or [2001:db8::53]:5353.");
}

/** `192.0.2.0/24`, `2001:db8::/32`, or an address alone. */
function network(text: string): string {
  if (parseNetwork(text) !== undefined) return text;
  throw new InvalidArgumentError("Expected an address or a block of addresses, such as 192.0.2.7 or 10.0.0.0/8.");
}

function size(text: string): number {
  try {
    const bytes = parseSize(text);
    if (bytes >= workerMemoryBytesMin) return bytes;
  } catch {
    // As one that is too small.
  }
  throw new InvalidArgumentError("Expected a size of 1 MiB at least, such as 512MiB or 4GiB.");
}

async function serve(options: ServeOptions): Promise<void> {
  const { runDaemon } = await import("../../daemon/daemon.ts");
  process.exitCode = await runDaemon({
    state: resolve(options.state ?? defaultState()),
    http: options.http ?? [defaultHttp],
    https: options.https ?? [],
    tls: options.tls === undefined ? undefined : resolve(options.tls),
    acme: acmeSettings(options),
    socket: resolve(options.socket ?? defaultSocket()),
    workers: options.workers ?? availableParallelism(),
    ...(options.workerMemory === undefined ? {} : { workerMemoryBytesMax: options.workerMemory }),
    wall: options.wall,
    isolation: options.isolation,
    dns: options.dns ?? [],
    proxies: options.proxyFrom ?? [],
    log: options.json ? "json" : options.logFormat,
    logLevel: options.logLevel,
  });
}
