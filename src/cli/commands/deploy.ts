import type { Command } from "commander";
import type { Digest } from "../../base/digest.ts";
import { WarrenError } from "../../base/errors.ts";
import { formatOutbound } from "../../control/outbound.ts";
import type { ServiceView } from "../../control/service.ts";
import { connect } from "../connect.ts";
import { findDeployment, specOf } from "../deploy/deployment.ts";
import { programDigest } from "../deploy/file-digest.ts";
import { type ClientOptions, clientOptions, examples, printJson } from "../options.ts";
import { Progress } from "../ui/progress.ts";
import { routeText } from "../ui/route-text.ts";
import { bold, dim, green } from "../ui/style.ts";
import { formatSpan } from "../ui/units.ts";

interface DeployOptions extends ClientOptions {
  readonly name?: string;
}

export function define(command: Command): void {
  clientOptions(command)
    .description(
      "Create a service, or replace it by a new revision, and wait until it answers. Without a manifest the service takes its name from the file and answers as NAME.localhost.",
    )
    .argument("[DIR|FILE]", "a folder with a warren.toml, a manifest, or a program", ".")
    .option("--name <NAME>", "another name than the manifest's or the file's")
    .action(deploy);
  examples(command, [
    ["warren deploy", "the warren.toml here"],
    ["warren deploy ./shop", "the one in that folder"],
    ["warren deploy shop.wasm", "a bare program: http://shop.localhost"],
  ]);
}

async function deploy(target: string, options: DeployOptions): Promise<void> {
  if (options.name !== undefined && !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(options.name)) {
    throw new WarrenError(
      "usage.invalid-name",
      `"${options.name}" is not a service name: lower-case letters, digits and -, at most 63`,
    );
  }
  const found = findDeployment(target);
  const deployment =
    options.name === undefined ? found : { ...found, manifest: { ...found.manifest, name: options.name } };
  const { name } = deployment.manifest;
  const client = connect(options);
  using progress = new Progress();

  let digest: Digest | undefined;
  if (deployment.program !== undefined) {
    progress.step(`reading ${deployment.program}`);
    digest = await programDigest(deployment.program);
    await client.uploadProgram(options.namespace, deployment.program, digest, {
      onProgress: (sent, total) => progress.bytes(`sending ${name}`, sent, total),
    });
  }
  progress.step(`starting ${name}`);
  const { service } = await client.putService(options.namespace, specOf(deployment, digest));
  progress.clear();

  if (options.json) printJson(service);
  else process.stdout.write(`${deployedText(service)}\n`);
}

/** What is printed of a new revision: its state, how long it took, and where it answers. */
function deployedText(service: ServiceView): string {
  const startMs = service.instances.find(({ revision }) => revision === service.revision)?.startMs;
  const took = startMs === undefined ? "" : ` ${dim(`in ${formatSpan(startMs)}`, process.stdout)}`;
  const head = `${bold(service.name, process.stdout)} revision ${service.revision} ${green(service.state, process.stdout)}${took}`;
  const outbound = (service.spec.outbound ?? []).map(formatOutbound).join(", ");
  const reaches = outbound === "" ? [] : [dim(`  may connect to ${outbound}`, process.stdout)];
  const routes = service.routes.map((url, index) => `  ${routeText(url, service.routeNotes?.[index])}`);
  return [head, ...routes, ...reaches].join("\n");
}
