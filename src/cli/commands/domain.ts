import { Argument, type Command } from "commander";
import { WarrenError } from "../../base/errors.ts";
import { connect } from "../connect.ts";
import { eachNamed } from "../each-named.ts";
import { type ClientOptions, clientOptions, examples, printJson } from "../options.ts";

export function define(command: Command): void {
  clientOptions(command)
    .description(
      "Say which host names only one namespace may use, with all names below them. A name that was not assigned belongs to the first namespace whose services have it.",
    )
    .addArgument(new Argument("<ACTION>", "what to do").choices(["add", "ls", "rm"]))
    .argument("[DOMAINS...]", "add, rm: host names, addresses of this machine, or * for every host that nobody names")
    .action((action: "add" | "ls" | "rm", domains: string[], options: ClientOptions) =>
      action === "ls" ? list(options) : change(action, domains, options),
    );
  examples(command, [
    ["warren domain add --namespace shop example.com", "and every name below it"],
    ["warren domain ls --namespace shop", ""],
    ["warren domain rm --namespace shop example.com", "whoever deploys it first has it then"],
  ]);
}

async function list(options: ClientOptions): Promise<void> {
  const domains = await connect(options).listDomains(options.namespace);
  if (options.json) printJson(domains);
  else if (domains.length > 0) process.stdout.write(domains.map(({ domain }) => `${domain}\n`).join(""));
  else process.stderr.write("no domains; `warren domain add` assigns one\n");
}

async function change(action: "add" | "rm", domains: readonly string[], options: ClientOptions): Promise<void> {
  if (domains.length === 0) throw new WarrenError("usage.missing-argument", `domain ${action}: which domain?`);
  await eachNamed(domains, options, async (client, domain) => {
    if (action === "add") await client.assignDomain(options.namespace, domain);
    else await client.removeDomain(options.namespace, domain);
    return undefined;
  });
}
