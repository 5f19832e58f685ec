import { Argument, type Command } from "commander";
import { WarrenError } from "../../base/errors.ts";
import type { StoreView } from "../../control/service.ts";
import { connect } from "../connect.ts";
import { eachNamed } from "../each-named.ts";
import { type ClientOptions, clientOptions, examples, printJson } from "../options.ts";
import { tableWidth } from "../ui/state.ts";
import { bold } from "../ui/style.ts";
import { renderTable } from "../ui/table.ts";
import { formatBytes } from "../ui/units.ts";

export function define(command: Command): void {
  clientOptions(command)
    .description(
      "List key-value stores, or remove some for good. A service opens those that it lists by [[store]]; a store outlives them.",
    )
    .addArgument(new Argument("<ACTION>", "what to do").choices(["ls", "rm"]))
    .argument("[NAMES...]", "rm: names of stores that no service lists")
    .action((action: "ls" | "rm", names: string[], options: ClientOptions) =>
      action === "ls" ? list(names, options) : remove(names, options),
    );
  examples(command, [
    ["warren store ls", "what there is, how full, and who lists it"],
    ["warren store rm sessions", "with all that is in it"],
  ]);
}

async function list(names: readonly string[], options: ClientOptions): Promise<void> {
  const all = await connect(options).listStores(options.namespace);
  const stores = names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
  if (options.json) printJson(stores);
  else if (stores.length > 0) process.stdout.write(`${storeTable(stores, tableWidth())}\n`);
  else process.stderr.write('no stores; a [[store]] with name = "NAME" lets a service open one\n');
}

/** The table of `warren store ls`. */
export function storeTable(stores: readonly StoreView[], width: number | undefined): string {
  const rows = stores.map(({ name, bytes, keys, bytesMax, services }) => [
    name,
    String(keys),
    formatBytes(bytes),
    formatBytes(bytesMax),
    services.join(" "),
  ]);
  return renderTable(
    [
      { title: "NAME", widthMin: 12 },
      { title: "KEYS", align: "right" },
      { title: "USED", align: "right" },
      { title: "SIZE", align: "right" },
      { title: "SERVICES", widthMin: 16 },
    ],
    rows,
    { width, titleStyle: (title) => bold(title, process.stdout) },
  );
}

async function remove(names: readonly string[], options: ClientOptions): Promise<void> {
  if (names.length === 0)
    throw new WarrenError("usage.missing-argument", "store rm: which store?", {
      hint: "warren store ls shows those there are",
    });
  await eachNamed(names, options, async (client, name) => {
    await client.deleteStore(options.namespace, name);
    return undefined;
  });
}
