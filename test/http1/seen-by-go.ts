import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { promisify } from "node:util";
import { fieldList, type Seen } from "./seen.ts";

interface Said {
  readonly requests: {
    method: string;
    target: string;
    host: string;
    fields: [string, string][];
    body: string;
    whole: boolean;
    trailers: [string, string][];
  }[];
  readonly answers: string;
}

function text(hex: string): string {
  return Buffer.from(hex, "hex").toString("latin1");
}

/** Go's net/http, in a process of its own that is asked for one connection after the other. */
export class GoReader {
  readonly #child;
  readonly #lines: AsyncIterator<string>;
  readonly #interface: Interface;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#child = spawn(join(folder, "reader"), { stdio: ["pipe", "pipe", "inherit"] });
    this.#interface = createInterface({ input: this.#child.stdout });
    this.#lines = this.#interface[Symbol.asyncIterator]();
  }

  static async start(): Promise<GoReader> {
    const folder = mkdtempSync(join(tmpdir(), "warren-go-reader-"));
    const options = { cwd: join(import.meta.dirname, "go-reader"), env: { ...process.env, CGO_ENABLED: "0" } };
    await promisify(execFile)("go", ["build", "-buildvcs=false", "-o", join(folder, "reader"), "."], options);
    return new GoReader(folder);
  }

  /** What it makes of bytes that come in pieces of at most `most` bytes. */
  async see(bytes: Buffer, most: number): Promise<Seen> {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(bytes.length, 0);
    head.writeUInt32LE(most, 4);
    this.#child.stdin.write(Buffer.concat([head, bytes]));
    const line = await this.#lines.next();
    if (line.done === true) throw new Error("the Go program ended");
    const said = JSON.parse(line.value) as Said;
    const whole = said.requests.filter((request) => request.whole);
    return {
      requests: whole.map(({ method, target, host, fields, body, trailers }) => ({
        method: text(method),
        target: text(target),
        host: host.toLowerCase(),
        fields: fieldList(fields.map(([name, value]) => [name, text(value)])),
        body: text(body),
        trailers: fieldList(trailers.map(([name, value]) => [name, text(value)])),
      })),
      refused: /^HTTP\/1\.[01] [45]/m.test(said.answers) || whole.length < said.requests.length,
    };
  }

  stop(): void {
    this.#interface.close();
    this.#child.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
