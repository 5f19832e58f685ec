import type { Command } from "commander";
import { eachNamed } from "../each-named.ts";
import { type ClientOptions, clientOptions, examples } from "../options.ts";

export function define(command: Command): void {
  clientOptions(command)
    .description(
      "Stop services: their requests in flight are finished, then the guests end. A stopped service stays stopped when the daemon starts anew.",
    )
    .argument("<NAME...>", "names of services")
    .action((names: string[], options: ClientOptions) =>
      eachNamed(names, options, (client, name) => client.stopService(options.namespace, name)),
    );
  examples(command, [
    ["warren stop shop", ""],
    ["warren stop shop blog", "several"],
  ]);
}
