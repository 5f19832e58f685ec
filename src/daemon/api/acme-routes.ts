import { WarrenError } from "../../base/errors.ts";
import { type AcmeNameView, acmeOperations, revocationReasons } from "../../control/acme.ts";
import type { ApiServer } from "./routes.ts";

/** What the API asks of the daemon's ACME. */
export interface AcmeController {
  states(): AcmeNameView[];
  renew(host: string): Promise<void>;
  revoke(host: string, reason: number): Promise<void>;
  changeKeys(): Promise<void>;
}

/** `acme` is undefined where the daemon runs without it. */
export function addAcmeRoutes(app: ApiServer, acme: AcmeController | undefined): void {
  app.route({ ...acmeOperations.listAcmeNames, handler: async () => acme?.states() ?? [] });

  app.route({
    ...acmeOperations.renewCertificate,
    handler: async ({ params: { host } }, reply) => {
      const own = running(acme);
      await own.renew(host);
      return reply.send(own.states().find((state) => state.host === host));
    },
  });

  app.route({
    ...acmeOperations.revokeCertificate,
    handler: async ({ params: { host }, query: { reason = "unspecified" } }, reply) => {
      await running(acme).revoke(host, revocationReasons[reason]);
      return reply.code(204).send();
    },
  });

  app.route({
    ...acmeOperations.changeAcmeKeys,
    handler: async (_request, reply) => {
      await running(acme).changeKeys();
      return reply.code(204).send();
    },
  });
}

function running(acme: AcmeController | undefined): AcmeController {
  if (acme !== undefined) return acme;
  throw new WarrenError("acme.off", "this daemon gets no certificates by ACME", {
    status: 404,
    hint: "start it with --acme EMAIL and --https ADDR",
  });
}
