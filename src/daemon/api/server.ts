import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import swagger from "@fastify/swagger";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { type FastifyBaseLogger, type FastifyReply, fastify, LogController } from "fastify";
import type { Logger } from "pino";
import { WarrenError } from "../../base/errors.ts";
import type { BlobStore } from "../../store/blob-store.ts";
import type { EventBus } from "../events.ts";
import type { LogStore } from "../logs/log-store.ts";
import type { AcmeController } from "./acme-routes.ts";
import type { Controller } from "./controller.ts";
import { swaggerOptions } from "./openapi.ts";
import { problemOf, problemType, warrenErrorOf } from "./problem.ts";
import { type ApiServer, addRoutes } from "./routes.ts";
import { listenOnSocket } from "./socket.ts";
import { LineStreams } from "./stream.ts";
import { validatorFor } from "./validate.ts";

const specBytesMax = 1024 * 1024;
const headerBytesMax = 16 * 1024;
const connectionsMax = 256;
const headersMsMax = 10_000;
/** To receive a whole request, the upload of a program included; answering is not counted. */
const requestMsMax = 15 * 60_000;
const programBytesMaxDefault = 512 * 1024 * 1024;
const closeMsMaxDefault = 5000;

/** What a client of the unix socket may call the daemon: our client, and curl. */
const knownHosts: ReadonlySet<string> = new Set(["warren", "localhost"]);

export interface ApiOptions {
  readonly controller: Controller;
  readonly blobs: BlobStore;
  /** A program of this digest is being written to a file. */
  readonly onUpload?: (digest: string, path: string) => void;
  readonly logs: LogStore;
  readonly events: EventBus;
  readonly acme?: AcmeController | undefined;
  readonly socketPath: string;
  readonly log: Logger;
  readonly programBytesMax?: number;
  /** How long requests in progress may take once {@link Api.close} is called. Milliseconds. */
  readonly closeMsMax?: number;
}

export interface Api {
  /** Takes no more requests, ends the streams, waits for the rest within bounds. */
  close(): Promise<void>;
}

/** The control API on a unix socket. Throws the errors of {@link listenOnSocket}. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { controller, blobs, logs, events, socketPath, log, programBytesMax = programBytesMaxDefault } = options;
  const { onUpload = () => {}, acme } = options;
  const streams = new LineStreams();
  let server: Server | undefined;
  const app = fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    exposeHeadRoutes: false,
    bodyLimit: specBytesMax,
    // Longer names reach the validator, which says what is wrong with them.
    routerOptions: { maxParamLength: headerBytesMax },
    frameworkErrors: (error, _request, reply) => void refuse(reply as FastifyReply, warrenErrorOf(error)),
    serverFactory: (handler) => {
      server = createServer(
        { maxHeaderSize: headerBytesMax, headersTimeout: headersMsMax, requestTimeout: requestMsMax },
        handler,
      );
      return server;
    },
    clientErrorHandler: refuseMalformed,
  }).withTypeProvider<TypeBoxTypeProvider>();
  prepare(app);
  await app.register(swagger, swaggerOptions);
  app.after(() => addRoutes(app, { controller, blobs, logs, events, streams, acme, programBytesMax, onUpload }));
  app.get("/openapi.json", { schema: { hide: true } }, async () => app.swagger());
  await app.ready();
  app.server.maxConnections = connectionsMax;
  const removeSocket = await listenOnSocket(app.server, socketPath);
  return {
    close: async () => {
      removeSocket();
      const closed = new Promise<void>((resolve) => app.server.close(() => resolve()));
      streams.end();
      app.server.closeIdleConnections();
      await Promise.race([closed, sleep(options.closeMsMax ?? closeMsMaxDefault, undefined, { ref: false })]);
      app.server.closeAllConnections();
      await closed;
      await app.close();
    },
  };
}

function prepare(app: ApiServer): void {
  app.setValidatorCompiler(({ schema, httpPart }) => validatorFor(schema as never, httpPart ?? "body") as never);
  // Views are made by the daemon from typed values: there is nothing to filter.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.removeContentTypeParser("text/plain");
  app.addContentTypeParser("application/octet-stream", (_request, payload, done) => done(null, payload));
  app.addHook("onRequest", async ({ headers }) => refuseForeign(headers.host, headers.origin));
  app.setNotFoundHandler(({ method, url }) => {
    throw new WarrenError("request.unknown-route", `there is nothing at ${method} ${url.slice(0, 200)}`, {
      status: 404,
      hint: "GET /openapi.json lists what there is",
    });
  });
  app.setErrorHandler(async (error, request, reply) => {
    const refused = warrenErrorOf(error);
    if (refused.status >= 500)
      request.log.error({ err: error, method: request.method, url: request.url }, "a request failed");
    return refuse(reply as FastifyReply, refused);
  });
}

function refuse(reply: FastifyReply, error: WarrenError): FastifyReply {
  return reply.code(error.status).type(problemType).send(problemOf(error));
}

/** A web page that a user of this machine visits must not be able to speak to the daemon (DNS rebinding, forged requests). */
function refuseForeign(host: string | undefined, origin: string | undefined): void {
  if (origin !== undefined) {
    throw new WarrenError("request.foreign-origin", "requests from web pages are refused", { status: 403 });
  }
  const name = host?.replace(/:[0-9]+$/, "").toLowerCase() ?? "";
  if (!knownHosts.has(name)) {
    throw new WarrenError(
      "request.foreign-host",
      `this daemon is not ${name === "" ? "nameless" : name.slice(0, 100)}`,
      {
        status: 403,
        hint: "send Host: localhost",
      },
    );
  }
}

/** What never became a request: the answer is written by hand. */
function refuseMalformed(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === "HPE_HEADER_OVERFLOW" ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
  const problem = problemOf(
    new WarrenError("request.invalid", `not a valid HTTP request: ${error.message}`, { status }),
  );
  const body = JSON.stringify(problem);
  const head = `HTTP/1.1 ${status} ${problem.title}\r\nconnection: close\r\ncontent-type: ${problemType}\r\n`;
  socket.end(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}
