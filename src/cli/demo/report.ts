import { filterEscapes } from "../ui/escapes.ts";
import { bold, dim, green, red, yellow } from "../ui/style.ts";
import { cut } from "../ui/table.ts";
import { formatBytes, formatSpan } from "../ui/units.ts";
import type { Answer } from "./call.ts";
import type { DeployedExample, Target } from "./deploy-example.ts";

const answerLinesMax = 4;

/** The table of the demo, printed row by row as the services come up. */
export class DemoTable {
  readonly #nameWidth: number;

  constructor(names: readonly string[]) {
    this.#nameWidth = Math.max(7, ...names.map((name) => name.length));
    process.stdout.write(
      `${bold(this.#row(["SERVICE", "LANGUAGE", "KIND", "SIZE", "START", "MEMORY"]), process.stdout)}\n`,
    );
  }

  running({ name, language, service, startMs, target }: DeployedExample): void {
    const kind = target.protocol === "udp" ? "udp" : service.kind;
    const memory = service.kind === "cgi" ? "-" : formatBytes(service.memoryBytes);
    const row = this.#row([name, language, kind, formatBytes(service.programBytes ?? 0), formatSpan(startMs), memory]);
    process.stdout.write(`${row.replace(name, green(name, process.stdout))}\n`);
  }

  skipped(name: string, reason: string): void {
    this.#note(name, yellow(`skipped: ${filterEscapes(reason.split("\n")[0] ?? "")}`, process.stdout));
  }

  failed(name: string): void {
    this.#note(name, red("failed; see below", process.stdout));
  }

  #note(name: string, text: string): void {
    process.stdout.write(`${name.padEnd(this.#nameWidth)}  ${text}\n`);
  }

  #row([name = "", language = "", kind = "", size = "", start = "", memory = ""]: readonly string[]): string {
    const cells = [
      name.padEnd(this.#nameWidth),
      language.padEnd(14),
      kind.padEnd(7),
      size.padStart(8),
      start.padStart(6),
      memory.padStart(8),
    ];
    const line = cells.join("  ");
    return process.stdout.isTTY ? cut(line, process.stdout.columns) : line;
  }
}

export function url(target: Target, port: number): string {
  return target.protocol === "udp" ? `udp://127.0.0.1:${port}` : `http://${target.host}:${port}/`;
}

/** What was called and the beginning of what came back. */
export function answerText(target: Target, port: number, { status, text, ms }: Answer): string {
  const lines = text.trimEnd().split("\n");
  const shown = lines.slice(0, answerLinesMax).map((line) => `  ${filterEscapes(line)}`);
  if (lines.length > answerLinesMax) shown.push(dim(`  … ${lines.length - answerLinesMax} more lines`, process.stdout));
  const head = `${url(target, port)} ${status === "200" || status === "echo" ? green(status, process.stdout) : red(status, process.stdout)} ${dim(`in ${formatSpan(ms)}`, process.stdout)}`;
  return [head, ...shown].join("\n");
}
