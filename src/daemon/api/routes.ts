import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, RawServerDefault } from "fastify";
import { parseDigest } from "../../base/digest.ts";
import { WarrenError } from "../../base/errors.ts";
import { operations } from "../../control/api.ts";
import { parseDuration } from "../../control/duration.ts";
import type { ServiceView } from "../../control/service.ts";
import { checkDeployed } from "../../control/spec-rules.ts";
import { type BlobStore, blobTooLarge, blobUnknown } from "../../store/blob-store.ts";
import type { EventBus } from "../events.ts";
import type { LogStore } from "../logs/log-store.ts";
import { specError } from "../services/spec-error.ts";
import { type AcmeController, addAcmeRoutes } from "./acme-routes.ts";
import type { Controller } from "./controller.ts";
import { etagOf, parsePrecondition } from "./etag.ts";
import type { LineStreams } from "./stream.ts";

export interface RouteContext {
  readonly controller: Controller;
  readonly blobs: BlobStore;
  readonly logs: LogStore;
  readonly events: EventBus;
  readonly streams: LineStreams;
  readonly acme: AcmeController | undefined;
  readonly programBytesMax: number;
  /** A program of this digest is being written to a file. */
  readonly onUpload: (digest: string, path: string) => void;
}

export type ApiServer = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export function addRoutes(app: ApiServer, context: RouteContext): void {
  addServiceRoutes(app, context);
  addActionRoutes(app, context);
  addStreamRoutes(app, context);
  addProgramRoutes(app, context);
  addVolumeRoutes(app, context);
  addStoreRoutes(app, context);
  addCertificateRoutes(app, context);
  addDomainRoutes(app, context);
  addAcmeRoutes(app, context.acme);
}

function addServiceRoutes(app: ApiServer, { controller, blobs }: RouteContext): void {
  app.route({ ...operations.health, handler: async () => controller.health() });

  app.route({
    ...operations.listNamespaces,
    handler: async () => controller.namespaces().map((name) => ({ name })),
  });

  app.route({
    ...operations.putNamespace,
    handler: async ({ params }, reply) =>
      reply.code(controller.createNamespace(params.namespace) ? 201 : 200).send({ name: params.namespace }),
  });

  app.route({ ...operations.listServices, handler: async ({ params }) => controller.list(params.namespace) });

  app.route({
    ...operations.getService,
    handler: async ({ params }, reply) => answer(reply, await serviceOf(controller, params.namespace, params.name)),
  });

  app.route({
    ...operations.putService,
    handler: async ({ params, headers, body }, reply) => {
      if (body.name !== params.name) {
        throw new WarrenError("request.invalid", `the address names "${params.name}", the body "${body.name}"`, {
          at: "/body/name",
        });
      }
      const [issue] = checkDeployed(body);
      if (issue !== undefined) throw specError(issue);
      const precondition = parsePrecondition(headers["if-match"], headers["if-none-match"]);
      const program = body.program === undefined ? undefined : parseDigest(body.program);
      // Asking for its size also keeps the program from collection until the revision names it.
      if (program !== undefined && (await blobs.size(program)) === undefined) throw blobUnknown(program, 422);
      const { view, created } = await controller.deploy(params.namespace, body, precondition);
      return answer(reply.code(created ? 201 : 200), view);
    },
  });

  app.route({
    ...operations.deleteService,
    handler: async ({ params, headers }, reply) => {
      await controller.remove(params.namespace, params.name, parsePrecondition(headers["if-match"], undefined));
      return reply.code(204).send();
    },
  });
}

function addActionRoutes(app: ApiServer, { controller }: RouteContext): void {
  for (const action of ["start", "stop", "restart"] as const) {
    app.route({
      ...operations[`${action}Service`],
      handler: async ({ params, headers }, reply) => {
        const precondition = parsePrecondition(headers["if-match"], undefined);
        return answer(reply, await controller[action](params.namespace, params.name, precondition));
      },
    });
  }
}

function addStreamRoutes(app: ApiServer, { controller, logs, events, streams }: RouteContext): void {
  app.route({
    ...operations.logs,
    handler: async ({ params, query }, reply) => {
      const { namespace, name } = await serviceOf(controller, params.namespace, params.name);
      const selection = { follow: flag(query.follow), since: sinceMs(query.since), tail: query.tail };
      const access = flag(query.access);
      await streams.send(reply, (signal) => logs.read(namespace, name, { ...selection, access, signal }));
    },
  });

  app.route({
    ...operations.events,
    handler: async ({ query }, reply) => {
      const selection = { follow: flag(query.follow), since: sinceMs(query.since), namespace: query.namespace };
      await streams.send(reply, (signal) => events.read({ ...selection, signal }));
    },
  });
}

function addProgramRoutes(app: ApiServer, { blobs, programBytesMax, onUpload }: RouteContext): void {
  app.route({
    ...operations.headProgram,
    handler: async ({ params }, reply) => {
      const bytes = await blobs.size(parseDigest(params.digest));
      if (bytes === undefined) return reply.code(404).send();
      return reply.header("content-length", bytes).header("content-type", "application/octet-stream").send();
    },
  });

  app.route({
    ...operations.putProgram,
    // The body is a stream: its limit is the blob store's.
    validatorCompiler: ({ schema, httpPart }) =>
      httpPart === "body" ? () => true : app.validatorCompiler!({ schema } as never),
    bodyLimit: Number.MAX_SAFE_INTEGER,
    handler: async ({ params, headers, body }, reply) => {
      const digest = parseDigest(params.digest);
      if (Number(headers["content-length"]) > programBytesMax) throw blobTooLarge(programBytesMax);
      // A refused upload is answered on its connection, so its stream must outlive the store's reading of it.
      const chunks = (body as Readable).iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
      const onFile = (path: string): void => onUpload(digest, path);
      const bytes = await blobs.write(chunks, { digest, bytesMax: programBytesMax, onFile });
      return reply.code(201).send({ digest, bytes });
    },
  });
}

function addCertificateRoutes(app: ApiServer, { controller }: RouteContext): void {
  app.route({ ...operations.listCertificates, handler: async () => controller.listCertificates() });
  app.route({ ...operations.localAuthority, handler: async () => controller.localAuthority() });
}

function addVolumeRoutes(app: ApiServer, { controller }: RouteContext): void {
  app.route({
    ...operations.listVolumes,
    handler: async ({ params }) => controller.listVolumes(params.namespace),
  });

  app.route({
    ...operations.deleteVolume,
    handler: async ({ params }, reply) => {
      await controller.removeVolume(params.namespace, params.name);
      return reply.code(204).send();
    },
  });
}

function addStoreRoutes(app: ApiServer, { controller }: RouteContext): void {
  app.route({
    ...operations.listStores,
    handler: async ({ params }) => controller.listStores(params.namespace),
  });

  app.route({
    ...operations.deleteStore,
    handler: async ({ params }, reply) => {
      controller.removeStore(params.namespace, params.name);
      return reply.code(204).send();
    },
  });
}

function addDomainRoutes(app: ApiServer, { controller }: RouteContext): void {
  app.route({
    ...operations.listDomains,
    handler: async ({ params }) => controller.domains(params.namespace).map((domain) => ({ domain })),
  });

  app.route({
    ...operations.putDomain,
    handler: async ({ params }, reply) => {
      const { domain, created } = controller.assignDomain(params.namespace, params.domain);
      return reply.code(created ? 201 : 200).send({ domain });
    },
  });

  app.route({
    ...operations.deleteDomain,
    handler: async ({ params }, reply) => {
      controller.removeDomain(params.namespace, params.domain);
      return reply.code(204).send();
    },
  });
}

async function serviceOf(controller: Controller, namespace: string, name: string): Promise<ServiceView> {
  const view = await controller.get(namespace, name);
  if (view !== undefined) return view;
  throw new WarrenError("service.unknown", `there is no service "${name}" in the namespace "${namespace}"`, {
    status: 404,
    hint: "warren ls shows those there are",
  });
}

function answer(reply: FastifyReply, view: ServiceView): FastifyReply {
  return reply.header("etag", etagOf(view)).send(view);
}

function flag(value: "" | "true" | "false" | undefined): boolean {
  return value === "" || value === "true";
}

/** Milliseconds since the epoch, of a time or of a duration before now. */
function sinceMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!text.includes("T") && !text.includes("t")) return Date.now() - parseDuration(text);
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) {
    throw new WarrenError("request.invalid", `"${text}" is not a date and time`, { at: "/querystring/since" });
  }
  return ms;
}
