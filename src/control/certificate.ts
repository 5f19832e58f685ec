import Type, { type Static } from "typebox";

export const CertificateView = Type.Object(
  {
    source: Type.Union([Type.Literal("file"), Type.Literal("acme"), Type.Literal("local")], {
      description: "of two for one name, the earlier in this list is shown",
    }),
    name: Type.String({ description: "what its source calls it: a file's name, a host" }),
    names: Type.Array(Type.String(), { description: "hosts and addresses that it is for" }),
    issuer: Type.String(),
    notBefore: Type.String({ format: "date-time" }),
    notAfter: Type.String({ format: "date-time" }),
    serial: Type.String(),
    fingerprint: Type.String({ description: "SHA-256" }),
  },
  { title: "CertificateView" },
);
export type CertificateView = Static<typeof CertificateView>;

/** The authority of the machine's own, for names that nobody else certifies. */
export const LocalAuthorityView = Type.Object(
  {
    path: Type.String({ description: "of its certificate, on the daemon's machine" }),
    certificate: Type.String({ description: "PEM" }),
    fingerprint: Type.String({ description: "SHA-256" }),
    notAfter: Type.String({ format: "date-time" }),
  },
  { title: "LocalAuthorityView" },
);
export type LocalAuthorityView = Static<typeof LocalAuthorityView>;
