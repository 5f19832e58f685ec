import type { Command } from "commander";
import { WarrenError } from "../../base/errors.ts";
import type { WarrenClient } from "../../control/client.ts";
import { eachNamed } from "../each-named.ts";
import { type ClientOptions, clientOptions, examples } from "../options.ts";

interface RemoveOptions extends ClientOptions {
  readonly force?: boolean;
}

export function define(command: Command): void {
  clientOptions(command)
    .description("Remove services with their revisions and logs. One that serves is refused without --force.")
    .argument("<NAME...>", "names of services")
    .option("-f, --force", "also a service that runs: it is stopped first")
    .action((names: string[], options: RemoveOptions) =>
      eachNamed(names, options, (client, name) => remove(client, name, options)),
    );
  examples(command, [
    ["warren rm shop", "a stopped service"],
    ["warren rm --force shop blog", "whatever they do"],
  ]);
}

async function remove(client: WarrenClient, name: string, { namespace, force }: RemoveOptions): Promise<undefined> {
  if (!force) {
    const { state } = (await client.getService(namespace, name)).service;
    if (state === "running" || state === "starting") {
      throw new WarrenError("service.running", `service "${name}" is not removed, since it is ${state}`, {
        status: 409,
        hint: `\`warren stop ${name}\` first, or \`warren rm --force ${name}\``,
      });
    }
  }
  await client.deleteService(namespace, name);
}
