import { mkdtemp, rm } from "node:fs/promises";
import { type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { digestOf } from "../../base/digest.ts";
import { WarrenClient } from "../../control/client.ts";
import type { ServiceSpec } from "../../control/service.ts";
import { BlobStore } from "../../store/blob-store.ts";
import { openDatabase } from "../../store/database.ts";
import { EventStore } from "../../store/event-store.ts";
import { EventBus } from "../events.ts";
import { LogStore } from "../logs/log-store.ts";
import { MemoryController } from "./memory-controller.suite.ts";
import { type Api, startApi } from "./server.ts";

export const program = Buffer.from("\0asm\x01\0\0\0");
export const programDigest = digestOf(program);

/** A real API server on a real socket and real stores, with nothing behind it. */
export interface TestApi extends AsyncDisposable {
  readonly api: Api;
  readonly client: WarrenClient;
  readonly controller: MemoryController;
  readonly logs: LogStore;
  readonly events: EventBus;
  readonly socketPath: string;
  readonly folder: string;
  /** What the server logged. */
  readonly logged: string[];
  raw(method: string, path: string, headers?: Record<string, string>, body?: string | Buffer): Promise<RawAnswer>;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export async function openTestApi(options: { programBytesMax?: number; closeMsMax?: number } = {}): Promise<TestApi> {
  const folder = await mkdtemp(join(tmpdir(), "warren-api-"));
  const socketPath = join(folder, "warren.sock");
  const database = openDatabase(join(folder, "warren.db"));
  const events = new EventBus(new EventStore(database), (error) => {
    throw error;
  });
  const logs = new LogStore(join(folder, "logs"));
  const blobs = await BlobStore.open(join(folder, "blobs"));
  const controller = new MemoryController();
  const logged: string[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => void logged.push(line) });
  const api = await startApi({ controller, blobs, logs, events, socketPath, log, ...options });
  return {
    api,
    client: new WarrenClient(`unix://${socketPath}`),
    controller,
    logs,
    events,
    socketPath,
    folder,
    logged,
    raw: (method, path, headers = {}, body = "") => rawRequest(socketPath, method, path, headers, body),
    [Symbol.asyncDispose]: async () => {
      await api.close();
      events.close();
      await logs.close();
      database.close();
      await rm(folder, { recursive: true });
    },
  };
}

export function spec(name: string, more: Partial<ServiceSpec> = {}): ServiceSpec {
  return { name, program: programDigest, ...more };
}

/** One request as it is written, without the client's help. */
function rawRequest(
  socketPath: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: string | Buffer,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sending = request(
      { socketPath, method, path, headers: { host: "localhost", ...headers }, agent: false },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
        });
      },
    );
    sending.on("error", reject);
    sending.end(body);
  });
}
