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
    replies: Type.Optional(
      Type.Union([Type.Literal("bounded"), Type.Literal("unbounded")], {
        description:
          "of a udp:// listener; bounded when absent: nobody is sent much more than three times what came from his address",
      }),
    ),
    proxy: Type.Optional(
      Type.Union([Type.Literal("v1"), Type.Literal("v2")], {
        description: "of a tcp:// listener: the guest's connection begins with a PROXY protocol header of this version",
      }),
    ),
    idle: Type.Optional(
      Type.String({ pattern: "^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$", description: "a duration such as 10m" }),
    ),
  },
  { title: "Route", additionalProperties: false },
);
export type Route = Static<typeof Route>;
