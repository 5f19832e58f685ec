import { basename } from "node:path";
import type { WarrenClient } from "../../control/client.ts";
import type { ServiceSpec, ServiceView } from "../../control/service.ts";
import { findDeployment, specOf } from "../deploy/deployment.ts";
import { programDigest } from "../deploy/file-digest.ts";
import { buildExample } from "./build-example.ts";
import { languageNames } from "./toolchain.ts";

/** Where an example answers: under a host name on the shared HTTP port, or on the UDP port of the same number. */
export type Target = { readonly protocol: "http"; readonly host: string } | { readonly protocol: "udp" };

export interface DeployedExample {
  readonly name: string;
  readonly language: string;
  readonly service: ServiceView;
  /** From the order to deploy to the answer that it listens, milliseconds. */
  readonly startMs: number;
  readonly target: Target;
}

export interface DeployExampleOptions {
  readonly port: number;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/** Builds one example and deploys it. Throws what building and deploying throw; `toolchain.missing` is no fault. */
export async function deployExample(
  client: WarrenClient,
  folder: string,
  { port, signal, onProgress }: DeployExampleOptions,
): Promise<DeployedExample> {
  const built = await buildExample(folder, { signal, onProgress });
  const deployment = findDeployment(folder);
  const digest = await programDigest(built.program);
  await client.uploadProgram("default", built.program, digest, { signal });
  const spec = onPort(specOf(deployment, digest), port);
  const started = performance.now();
  const { service } = await client.putService("default", spec, { signal });
  const startMs = performance.now() - started;
  return { name: basename(folder), language: languageNames[built.language], service, startMs, target: targetOf(spec) };
}

/** An example's manifest names some UDP port; here it is the number of the HTTP one. */
function onPort(spec: ServiceSpec, port: number): ServiceSpec {
  const route = spec.route?.map((one) =>
    one.listen === undefined ? one : { ...one, listen: one.listen.replace(/:\/\/.*$/, `://127.0.0.1:${port}`) },
  );
  return { ...spec, ...(route === undefined ? {} : { route }) };
}

function targetOf({ name, route = [] }: ServiceSpec): Target {
  const [first] = route;
  return first?.listen === undefined
    ? { protocol: "http", host: first?.host ?? `${name}.localhost` }
    : { protocol: "udp" };
}
