import Type, { type Static } from "typebox";

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
  },
  { title: "Route", additionalProperties: false },
);
export type Route = Static<typeof Route>;

/** Whether a program must run for this route. */
export function needsGuest({ redirect, respond }: Route): boolean {
  return redirect === undefined && respond === undefined;
}
