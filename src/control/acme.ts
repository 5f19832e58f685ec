import Type, { type Static } from "typebox";
import { always, empty, json, problem } from "./answers.ts";

const Time = Type.String({ format: "date-time" });

/** What is known of the certificate of a host that is routed. */
export const AcmeNameView = Type.Object(
  {
    host: Type.String(),
    namespace: Type.String(),
    state: Type.Union(
      [
        Type.Literal("issued"),
        Type.Literal("pending"),
        Type.Literal("failed"),
        Type.Literal("covered"),
        Type.Literal("unsupported"),
      ],
      {
        description:
          "issued: it has one; pending: it waits for its turn, or is being ordered; failed: it has none, for this reason; covered: one from a file is shown; unsupported: no CA certifies it",
      },
    ),
    ca: Type.Optional(Type.String()),
    notAfter: Type.Optional(Time),
    renewAt: Type.Optional(Time),
    reason: Type.Optional(Type.String({ description: "of the last failure, also of a renewal" })),
    nextTry: Type.Optional(Time),
  },
  { title: "AcmeNameView" },
);
export type AcmeNameView = Static<typeof AcmeNameView>;

const OfHost = Type.Object({ host: Type.String({ maxLength: 253 }) });

/** Those of RFC 5280 §5.3.1 that a CA of the web takes from a subscriber. */
export const revocationReasons = { unspecified: 0, "key-compromise": 1, superseded: 4, cessation: 5 } as const;
export type RevocationReason = keyof typeof revocationReasons;

const Revocation = Type.Object(
  {
    reason: Type.Optional(
      Type.Union(
        [
          Type.Literal("unspecified"),
          Type.Literal("key-compromise"),
          Type.Literal("superseded"),
          Type.Literal("cessation"),
        ],
        { description: "unspecified when absent" },
      ),
    ),
  },
  { additionalProperties: false },
);

const off = problem("`acme.off`: the daemon runs without --acme; `acme.unknown-name`, `acme.no-certificate`");
const failed = problem("the CA refused, or could not be asked: `acme.*`");

export const acmeOperations = {
  listAcmeNames: {
    method: "GET",
    url: "/v1/acme/names",
    schema: {
      operationId: "listAcmeNames",
      summary: "The hosts that get certificates by ACME, and how each is; empty without --acme",
      response: { 200: json(Type.Array(AcmeNameView), "the hosts, by name"), ...always },
    },
  },
  renewCertificate: {
    method: "POST",
    url: "/v1/acme/names/:host/renew",
    schema: {
      operationId: "renewCertificate",
      summary: "Order a certificate of a host now: answers once it is shown, or has failed",
      params: OfHost,
      response: { 200: json(AcmeNameView, "the host"), 404: off, 502: failed, ...always },
    },
  },
  revokeCertificate: {
    method: "POST",
    url: "/v1/acme/names/:host/revoke",
    schema: {
      operationId: "revokeCertificate",
      summary: "Revoke the certificate of a host; another is ordered, with a new key, while it is routed",
      params: OfHost,
      querystring: Revocation,
      response: { 204: empty("revoked"), 404: off, 409: problem("`acme.other-ca`"), 502: failed, ...always },
    },
  },
  changeAcmeKeys: {
    method: "POST",
    url: "/v1/acme/change-keys",
    schema: {
      operationId: "changeAcmeKeys",
      summary: "Give the ACME accounts new keys",
      response: { 204: empty("changed"), 404: off, 502: failed, ...always },
    },
  },
} as const;
