import type { Command } from "commander";
import { eachNamed } from "../each-named.ts";
import { type ClientOptions, clientOptions, examples } from "../options.ts";

export function define(command: Command): void {
  clientOptions(command)
    .description("Restart services: the new instance takes over before the old one ends, so that no request is lost.")
    .argument("<NAME...>", "names of services")
    .action((names: string[], options: ClientOptions) =>
      eachNamed(names, options, (client, name) => client.restartService(options.namespace, name)),
    );
  examples(command, [
    ["warren restart shop", ""],
    ["warren restart shop blog", "several"],
  ]);
}
