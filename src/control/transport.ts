import { type ClientRequest, type IncomingMessage, type RequestOptions, request as requestPlain } from "node:http";
import { errorFromRecord, systemCode, WarrenError } from "../base/errors.ts";
import { formatHost, type Host } from "./host.ts";

/** Answers other than streams are small; what is larger is not from a daemon. */
const answerBytesMax = 64 * 1024 * 1024;
const lineCharactersMax = 4 * 1024 * 1024;

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | AsyncIterable<Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** HTTP to one daemon, over its unix socket or TCP. Problem documents become WarrenErrors. */
export class Transport {
  readonly #host: Host;
  readonly #token: string | undefined;

  constructor(host: Host, token: string | undefined) {
    this.#host = host;
    this.#token = token;
  }

  /**
   * One request; resolves with the head of a 2xx answer, whose body must be read. Throws what the daemon answered,
   * `daemon.unreachable`, `daemon.forbidden` or `daemon.disconnected`.
   */
  async open(method: string, path: string, options: CallOptions): Promise<IncomingMessage> {
    const { headers = {}, body, signal } = options;
    const sending = await this.#request(method, path, headers, signal);
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      sending.on("response", resolve);
      sending.on("error", (error) => {
        if (signal?.aborted) reject(signal.reason);
        // Closed by the daemon while it was idle (RFC 9112 §9.3.1).
        else if (sending.reusedSocket && isReset(error)) resolve(this.open(method, path, options));
        else reject(this.#unreachable(error));
      });
    });
    let failed: unknown;
    if (typeof body === "object") {
      // The daemon may answer, and stop reading, before the body's end: then that answer counts.
      await Promise.race([answered, send(sending, body)]).catch((error) => {
        failed = error;
        sending.destroy(error instanceof Error ? error : undefined);
      });
    } else {
      sending.end(body);
    }
    const answer = await answered.catch((error) => {
      throw failed ?? error;
    });
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return answer;
    const problem = await this.#problem(answer, method, path);
    // Refused before the body's end: nobody wants the rest.
    if (typeof body === "object") sending.destroy();
    throw problem;
  }

  /** One request with a JSON answer. */
  async json<T>(
    method: string,
    path: string,
    options: CallOptions = {},
  ): Promise<{ value: T; status: number; etag: string | undefined }> {
    const answer = await this.open(method, path, options);
    const text = await this.#text(answer);
    const value = text === "" ? (undefined as T) : parseJson<T>(text);
    return { value, status: answer.statusCode ?? 0, etag: answer.headers.etag };
  }

  /** The values of an NDJSON stream, as they arrive. Leaving the loop, or the signal, ends the request without an error. */
  async *lines<T>(path: string, options: CallOptions): AsyncGenerator<T, void, undefined> {
    let answer: IncomingMessage | undefined;
    try {
      answer = await this.open("GET", path, options);
      answer.setEncoding("utf8");
      let rest = "";
      for await (const chunk of answer as AsyncIterable<string>) {
        const parts = (rest + chunk).split("\n");
        rest = parts.pop() ?? "";
        if (rest.length > lineCharactersMax) throw badAnswer(`a line of ${path} is too long`);
        for (const part of parts) {
          if (part !== "") yield parseJson<T>(part);
        }
      }
      if (rest !== "") throw badAnswer(`${path} ended in the middle of a line`);
    } catch (error) {
      if (options.signal?.aborted) return;
      throw error instanceof WarrenError ? error : this.#disconnected(error);
    } finally {
      answer?.destroy();
    }
  }

  async #request(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<ClientRequest> {
    const authorization = this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
    const common: RequestOptions = {
      method,
      path,
      headers: { ...headers, ...authorization },
      // A daemon may be about to close a connection that has been idle. What must not be done twice goes over a new one.
      ...(method === "GET" ? {} : { agent: false }),
      ...(signal === undefined ? {} : { signal }),
    };
    // The name that a daemon answers to on its unix socket.
    if (this.#host.kind === "unix")
      return requestPlain({
        ...common,
        socketPath: this.#host.path,
        setHost: false,
        headers: { host: "warren", ...common.headers },
      });
    const { hostname, port, secure } = this.#host;
    if (!secure) return requestPlain({ ...common, hostname, port });
    // Loaded only when it is used: TLS takes longer to load than the rest of the client.
    const { request } = await import("node:https");
    return request({ ...common, hostname, port });
  }

  async #text(answer: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > answerBytesMax) throw badAnswer("the daemon's answer is too long");
        chunks.push(chunk);
      }
    } catch (error) {
      throw error instanceof WarrenError ? error : this.#disconnected(error);
    }
    return Buffer.concat(chunks).toString("utf8");
  }

  async #problem(answer: IncomingMessage, method: string, path: string): Promise<WarrenError> {
    const status = answer.statusCode ?? 502;
    const text = await this.#text(answer);
    try {
      const { code, detail, hint, at } = JSON.parse(text) as Record<string, unknown>;
      if (typeof code === "string" && typeof detail === "string") {
        return errorFromRecord({
          code,
          message: detail,
          status,
          ...(typeof hint === "string" ? { hint } : {}),
          ...(typeof at === "string" || typeof at === "number" ? { at } : {}),
        });
      }
    } catch {
      // Not JSON: something else than a daemon answered, or a HEAD, whose answer has no body.
    }
    return new WarrenError(
      "daemon.bad-answer",
      `${formatHost(this.#host)} answered ${method} ${path} with status ${status}`,
      { status },
    );
  }

  #unreachable(error: Error): WarrenError {
    const where = formatHost(this.#host);
    const code = systemCode(error) ?? error.message;
    if (code === "EACCES" || code === "EPERM") {
      return new WarrenError("daemon.forbidden", `may not use the daemon's socket ${where}: ${code}`, {
        status: 403,
        hint: "run the command as the user that runs warren serve",
        cause: error,
      });
    }
    if (isReset(error)) return this.#disconnected(error);
    return new WarrenError("daemon.unreachable", `no daemon answers at ${where}: ${code}`, {
      status: 503,
      hint: "start it with: warren serve",
      cause: error,
    });
  }

  #disconnected(cause: unknown): WarrenError {
    return new WarrenError(
      "daemon.disconnected",
      `the daemon at ${formatHost(this.#host)} closed the connection before the end of its answer`,
      {
        status: 502,
        hint: "see whether it still runs: warren doctor",
        cause,
      },
    );
  }
}

function isReset(error: Error): boolean {
  const code = systemCode(error);
  return code === "ECONNRESET" || code === "EPIPE";
}

function parseJson<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw badAnswer("the daemon's answer is not JSON", cause);
  }
}

function badAnswer(message: string, cause?: unknown): WarrenError {
  return new WarrenError("daemon.bad-answer", message, {
    status: 502,
    hint: "is it a warren daemon that answers there?",
    cause,
  });
}

/** Sends a body as fast as the other side takes it. */
async function send(request: ClientRequest, body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of body) {
    if (request.destroyed || request.writableEnded) return;
    if (!request.write(chunk)) {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          request.off("drain", go).off("close", go);
          resolve();
        };
        request.on("drain", go).on("close", go);
      });
    }
  }
  request.end();
}
