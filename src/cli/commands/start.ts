import type { Command } from "commander";
import { eachNamed } from "../each-named.ts";
import { type ClientOptions, clientOptions, examples } from "../options.ts";

export function define(command: Command): void {
  clientOptions(command)
    .description("Start stopped services. Waits until each listens.")
    .argument("<NAME...>", "names of services")
    .action((names: string[], options: ClientOptions) =>
      eachNamed(names, options, (client, name) => client.startService(options.namespace, name)),
    );
  examples(command, [
    ["warren start shop", ""],
    ["warren start shop blog", "several"],
  ]);
}
