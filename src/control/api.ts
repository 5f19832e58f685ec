import Type from "typebox";
import { acmeOperations } from "./acme.ts";
import { always, empty, json, ndjson, problem } from "./answers.ts";
import { CertificateView, LocalAuthorityView } from "./certificate.ts";
import {
  DigestText,
  DomainView,
  EventView,
  HealthView,
  LogLine,
  Name,
  NamespaceView,
  ServiceSpec,
  ServiceView,
  StoreView,
  VolumeView,
} from "./service.ts";

// The routes of the control API, in one list: the server registers them, OpenAPI is made of them.

const Flag = Type.Union([Type.Literal(""), Type.Literal("true"), Type.Literal("false")], {
  description: "`follow` or `access` alone means true",
});

const Since = Type.String({
  pattern: "^([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:.]+([Zz]|[+-][0-9]{2}:[0-9]{2})|[0-9]+(\\.[0-9]+)?(ms|s|m|h))$",
  description: "a date and time (RFC 3339) or a duration before now (10m)",
});

const InNamespace = Type.Object({ namespace: Name });
const OfService = Type.Object({ namespace: Name, name: Name });
const OfDomain = Type.Object({
  namespace: Name,
  domain: Type.String({ minLength: 1, maxLength: 300, description: "example.com with all below it, an address, or *" }),
});
const OfProgram = Type.Object({ namespace: Name, digest: DigestText });

const LogQuery = Type.Object(
  {
    follow: Type.Optional(Flag),
    since: Type.Optional(Since),
    access: Type.Optional(Flag),
    tail: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 1_000_000, description: "at most so many of the newest lines" }),
    ),
  },
  { additionalProperties: false },
);

const EventQuery = Type.Object(
  { follow: Type.Optional(Flag), since: Type.Optional(Since), namespace: Type.Optional(Name) },
  { additionalProperties: false },
);

/** What an upload answers. */
export const ProgramView = Type.Object({ digest: DigestText, bytes: Type.Integer() });

const tagged = { ETag: { type: "string", description: "revision and desired state, for If-Match" } };
const unknown = { 404: problem("`service.unknown`, `namespace.unknown`") };
const changed = { 412: problem("`service.changed`: If-Match or If-None-Match does not hold") };

const Precondition = Type.Object({
  "if-match": Type.Optional(Type.String({ maxLength: 1000, description: "ETag that the service must still have" })),
});
const PutPrecondition = Type.Object({
  ...Precondition.properties,
  "if-none-match": Type.Optional(Type.String({ maxLength: 1000, description: "`*`: the service must not exist yet" })),
});

function action(name: "start" | "stop" | "restart", summary: string) {
  return {
    method: "POST",
    url: `/v1/namespaces/:namespace/services/:name/${name}`,
    schema: {
      operationId: `${name}Service`,
      summary,
      params: OfService,
      headers: Precondition,
      response: {
        200: json(ServiceView, "the service", tagged),
        ...unknown,
        ...changed,
        422: problem("`deploy.exited`, `deploy.trapped`, `deploy.not-listening`"),
        ...always,
      },
    },
  } as const;
}

export const operations = {
  ...acmeOperations,
  health: {
    method: "GET",
    url: "/v1/health",
    schema: {
      operationId: "health",
      summary: "How the daemon and its workers are",
      response: { 200: json(HealthView, "the daemon"), ...always },
    },
  },
  events: {
    method: "GET",
    url: "/v1/events",
    schema: {
      operationId: "events",
      summary: "What happened, oldest first",
      querystring: EventQuery,
      response: { 200: ndjson(EventView, "one event a line"), ...always },
    },
  },
  listNamespaces: {
    method: "GET",
    url: "/v1/namespaces",
    schema: {
      operationId: "listNamespaces",
      summary: "The namespaces, by name",
      response: { 200: json(Type.Array(NamespaceView), "the namespaces"), ...always },
    },
  },
  putNamespace: {
    method: "PUT",
    url: "/v1/namespaces/:namespace",
    schema: {
      operationId: "putNamespace",
      summary: "Make a namespace, unless there is one of that name",
      params: InNamespace,
      response: {
        200: json(NamespaceView, "it is there already"),
        201: json(NamespaceView, "it is new"),
        409: problem("`namespace.too-many`"),
        ...always,
      },
    },
  },
  listServices: {
    method: "GET",
    url: "/v1/namespaces/:namespace/services",
    schema: {
      operationId: "listServices",
      summary: "The services of a namespace, by name",
      params: InNamespace,
      response: { 200: json(Type.Array(ServiceView), "the services"), ...unknown, ...always },
    },
  },
  getService: {
    method: "GET",
    url: "/v1/namespaces/:namespace/services/:name",
    schema: {
      operationId: "getService",
      summary: "One service",
      params: OfService,
      response: { 200: json(ServiceView, "the service", tagged), ...unknown, ...always },
    },
  },
  putService: {
    method: "PUT",
    url: "/v1/namespaces/:namespace/services/:name",
    schema: {
      operationId: "putService",
      summary: "Deploy a service: answers once the new revision listens, or has failed",
      params: OfService,
      headers: PutPrecondition,
      body: ServiceSpec,
      response: {
        200: json(ServiceView, "the new revision replaced the old one", tagged),
        201: json(ServiceView, "the service is new", tagged),
        404: problem("`namespace.unknown`"),
        ...changed,
        413: problem("`request.too-large`"),
        415: problem("`request.media-type`"),
        422: problem("`deploy.*`, `module.*`, `program.*`, `limits.*`: the old revision, if there was one, goes on"),
        ...always,
      },
    },
  },
  deleteService: {
    method: "DELETE",
    url: "/v1/namespaces/:namespace/services/:name",
    schema: {
      operationId: "deleteService",
      summary: "Stop and delete a service, its revisions and its logs",
      params: OfService,
      headers: Precondition,
      response: { 204: empty("deleted"), ...unknown, ...changed, ...always },
    },
  },
  startService: action("start", "Start a stopped service: answers once it listens"),
  stopService: action("stop", "Drain and stop a service; it stays stopped until it is started"),
  restartService: action("restart", "Replace the instances of a service by new ones, without losing a request"),
  logs: {
    method: "GET",
    url: "/v1/namespaces/:namespace/services/:name/logs",
    schema: {
      operationId: "logs",
      summary: "What a service wrote, oldest first; with `access` its access log instead",
      params: OfService,
      querystring: LogQuery,
      response: { 200: ndjson(LogLine, "one line of the log a line"), ...unknown, ...always },
    },
  },
  listVolumes: {
    method: "GET",
    url: "/v1/namespaces/:namespace/volumes",
    schema: {
      operationId: "listVolumes",
      summary: "The volumes of a namespace, by name",
      params: InNamespace,
      response: {
        200: json(Type.Array(VolumeView), "the volumes"),
        404: problem("`namespace.unknown`"),
        ...always,
      },
    },
  },
  deleteVolume: {
    method: "DELETE",
    url: "/v1/namespaces/:namespace/volumes/:name",
    schema: {
      operationId: "deleteVolume",
      summary: "Delete a volume that no service mounts, with all that is in it",
      params: OfService,
      response: {
        204: empty("deleted"),
        404: problem("`volume.unknown`, `namespace.unknown`"),
        409: problem("`volume.in-use`, `volume.busy`"),
        ...always,
      },
    },
  },
  listStores: {
    method: "GET",
    url: "/v1/namespaces/:namespace/stores",
    schema: {
      operationId: "listStores",
      summary: "The key-value stores of a namespace, by name",
      params: InNamespace,
      response: {
        200: json(Type.Array(StoreView), "the stores"),
        404: problem("`namespace.unknown`"),
        ...always,
      },
    },
  },
  deleteStore: {
    method: "DELETE",
    url: "/v1/namespaces/:namespace/stores/:name",
    schema: {
      operationId: "deleteStore",
      summary: "Delete a key-value store that no service lists, with all that is in it",
      params: OfService,
      response: {
        204: empty("deleted"),
        404: problem("`store.unknown`, `namespace.unknown`"),
        409: problem("`store.in-use`"),
        ...always,
      },
    },
  },
  listCertificates: {
    method: "GET",
    url: "/v1/certificates",
    schema: {
      operationId: "listCertificates",
      summary: "The certificates that are shown to clients, without their keys",
      response: { 200: json(Type.Array(CertificateView), "the certificates"), ...always },
    },
  },
  localAuthority: {
    method: "GET",
    url: "/v1/local-authority",
    schema: {
      operationId: "localAuthority",
      summary: "The machine's own authority, which is made when it is first asked for",
      response: { 200: json(LocalAuthorityView, "the authority"), ...always },
    },
  },
  listDomains: {
    method: "GET",
    url: "/v1/namespaces/:namespace/domains",
    schema: {
      operationId: "listDomains",
      summary: "The domains that are assigned to a namespace, by name",
      params: InNamespace,
      response: {
        200: json(Type.Array(DomainView), "the domains"),
        404: problem("`namespace.unknown`"),
        ...always,
      },
    },
  },
  putDomain: {
    method: "PUT",
    url: "/v1/namespaces/:namespace/domains/:domain",
    schema: {
      operationId: "putDomain",
      summary: "Assign a domain: no other namespace can have routes for it, or for a name below it",
      params: OfDomain,
      response: {
        200: json(DomainView, "it was this namespace's already"),
        201: json(DomainView, "it is this namespace's now"),
        404: problem("`namespace.unknown`"),
        409: problem("`domain.taken`, `domain.too-many`"),
        ...always,
      },
    },
  },
  deleteDomain: {
    method: "DELETE",
    url: "/v1/namespaces/:namespace/domains/:domain",
    schema: {
      operationId: "deleteDomain",
      summary: "Take a domain away from a namespace; routes that there are stay",
      params: OfDomain,
      response: { 204: empty("taken away"), 404: problem("`domain.unknown`, `namespace.unknown`"), ...always },
    },
  },
  headProgram: {
    method: "HEAD",
    url: "/v1/namespaces/:namespace/programs/:digest",
    schema: {
      // The generator adds "-head".
      operationId: "program",
      summary: "Whether a program is stored here, and its size",
      params: OfProgram,
      response: { 200: empty("Content-Length is its size"), 404: empty("it is not"), ...always },
    },
  },
  putProgram: {
    method: "PUT",
    url: "/v1/namespaces/:namespace/programs/:digest",
    schema: {
      operationId: "putProgram",
      summary: "Upload a program: answers once it would survive a power cut",
      consumes: ["application/octet-stream"],
      params: OfProgram,
      body: Type.Unsafe<AsyncIterable<Uint8Array>>({ type: "string", format: "binary" }),
      response: {
        201: json(ProgramView, "stored"),
        413: problem("`blob.too-large`"),
        415: problem("`request.media-type`"),
        507: problem("`blob.disk-full`"),
        ...always,
      },
    },
  },
} as const;
