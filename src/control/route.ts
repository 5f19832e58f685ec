import Type, { type Static } from "typebox";
import { RouteSite } from "./site.ts";

/** A part of the machine's traffic that a service takes. */
export const Route = Type.Object(
  {
    host: Type.Optional(Type.String({ description: "host name, exact or *.example.com; any host when absent" })),
    path: Type.Optional(
      Type.String({ pattern: "^/", description: "path prefix; the longest that ends at a segment boundary wins" }),
    ),
    ip: Type.Optional(Type.String({ description: "address of the server that the client dialled" })),
    listen: Type.Optional(
      Type.String({ description: "tcp://ADDR:PORT or udp://ADDR:PORT; the daemon's http listener when absent" }),
    ),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535, description: "the guest's own port" })),
    protocol: Type.Optional(
      Type.Literal("h2c", {
        description: "what the guest speaks: HTTP/2 with prior knowledge (gRPC); HTTP/1.1 when absent",
      }),
    ),
    replies: Type.Optional(
      Type.Union([Type.Literal("bounded"), Type.Literal("unbounded")], {
        description:
          "of a udp:// listener; bounded when absent: nobody is sent much more than three times what came from his address",
      }),
    ),
    proxy: Type.Optional(
      Type.Union([Type.Literal("v1"), Type.Literal("v2")], {
        description:
          "of a tcp:// listener, and of passthrough: the guest's connection begins with a PROXY protocol header of this version",
      }),
    ),
    idle: Type.Optional(
      Type.String({ pattern: "^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$", description: "a duration such as 10m" }),
    ),
    redirect: Type.Optional(
      Type.String({
        description:
          "a URL or path; the rest of the path and the query are kept unless it names {path}, {query} or {host}",
      }),
    ),
    status: Type.Optional(
      Type.Union([Type.Literal(301), Type.Literal(302), Type.Literal(303), Type.Literal(307), Type.Literal(308)], {
        description: "of a redirect; 308 when absent",
      }),
    ),
    tls: Type.Optional(
      Type.Union([Type.Literal("auto"), Type.Literal("off"), Type.Literal("only"), Type.Literal("passthrough")], {
        description:
          "auto, the default: plain HTTP is redirected to https where the host has a certificate; off: served by both; only: plain HTTP is refused; passthrough: connections go by the host of their TLS hello to the guest, which does TLS itself",
      }),
    ),
    hsts: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 63072000,
        description:
          "answers over TLS tell clients to come over TLS only, for so many seconds (Strict-Transport-Security); 0 ends it",
      }),
    ),
    respond: Type.Optional(
      Type.Object(
        {
          status: Type.Optional(Type.Integer({ minimum: 200, maximum: 599, description: "200 when absent" })),
          body: Type.Optional(Type.String({ description: "at most 64 KiB" })),
          type: Type.Optional(
            Type.String({
              pattern: "^[!-~]+( [!-~]+)*$",
              maxLength: 200,
              description: "a media type; text/plain when absent",
            }),
          ),
        },
        { description: "an answer that is always the same, without a guest", additionalProperties: false },
      ),
    ),
    websocket: Type.Optional(
      Type.Literal("check", {
        description: "WebSockets are checked by RFC 6455 on their way; they pass as bytes when absent",
      }),
    ),
    strip: Type.Optional(
      Type.Boolean({ description: "the guest sees the path without the prefix, which X-Forwarded-Prefix tells" }),
    ),
    methods: Type.Optional(
      Type.Array(Type.String({ pattern: "^[A-Z][A-Z-]{0,31}$", description: "a method such as GET" }), {
        maxItems: 20,
        description: "of the requests that it takes; HEAD goes with GET",
      }),
    ),
    headers: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: "fields that a request must have to be taken, with this very value, or any with *",
      }),
    ),
    share: Type.Optional(
      Type.String({
        pattern: "^[0-9]{1,3}(\\.[0-9]{1,3})?%$",
        description: "a part such as 5% of the requests of the same route of another service of the namespace",
      }),
    ),
    sticky: Type.Optional(
      Type.Boolean({ description: "with shares: a client stays with the service that it came to, by a cookie" }),
    ),
    static: Type.Optional(RouteSite),
    compress: Type.Optional(
      Type.Boolean({ description: "the guest's answers are compressed for clients that accept it; false when absent" }),
    ),
  },
  { title: "Route", additionalProperties: false },
);
export type Route = Static<typeof Route>;

/** Whether a program must run for this route. */
export function needsGuest({ redirect, respond, static: site }: Route): boolean {
  return redirect === undefined && respond === undefined && site === undefined;
}

/** The part of the requests that a route takes, 0 to 1; undefined without a share. */
export function shareOf({ share }: Route): number | undefined {
  return share === undefined ? undefined : Number(share.slice(0, -1)) / 100;
}

/** The same text for the same conditions on methods and fields; undefined without any. */
export function routeConditionKey({ methods = [], headers = {} }: Route): string | undefined {
  const fields = Object.entries(headers).map(([name, value]) => `${name.toLowerCase()}: ${value}`);
  if (methods.length === 0 && fields.length === 0) return undefined;
  const wanted = new Set(methods);
  if (wanted.has("GET")) wanted.add("HEAD");
  return JSON.stringify([[...wanted].sort(byText), fields.sort(byText)]);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}
