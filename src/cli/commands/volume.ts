import { Argument, type Command } from "commander";
import { WarrenError } from "../../base/errors.ts";
import type { VolumeView } from "../../control/service.ts";
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
      'List volumes, or remove some for good. A service makes one by a [[mount]] with volume = "NAME"; it outlives the service.',
    )
    .addArgument(new Argument("<ACTION>", "what to do").choices(["ls", "rm"]))
    .argument("[NAMES...]", "rm: names of volumes that no service mounts")
    .action((action: "ls" | "rm", names: string[], options: ClientOptions) =>
      action === "ls" ? list(names, options) : remove(names, options),
    );
  examples(command, [
    ["warren volume ls", "what there is, how full, and who mounts it"],
    ["warren volume rm shop-data", "with all that is in it"],
  ]);
}

async function list(names: readonly string[], options: ClientOptions): Promise<void> {
  const all = await connect(options).listVolumes(options.namespace);
  const volumes = names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
  if (options.json) printJson(volumes);
  else if (volumes.length > 0) process.stdout.write(`${volumeTable(volumes, tableWidth())}\n`);
  else process.stderr.write('no volumes; a [[mount]] with volume = "NAME" makes one\n');
}

/** The table of `warren volume ls`. */
export function volumeTable(volumes: readonly VolumeView[], width: number | undefined): string {
  const rows = volumes.map(({ name, bytes, bytesMax, services }) => [
    name,
    formatBytes(bytes),
    bytesMax === undefined ? "" : formatBytes(bytesMax),
    services.join(" "),
  ]);
  return renderTable(
    [
      { title: "NAME", widthMin: 12 },
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
    throw new WarrenError("usage.missing-argument", "volume rm: which volume?", {
      hint: "warren volume ls shows those there are",
    });
  await eachNamed(names, options, async (client, name) => {
    await client.deleteVolume(options.namespace, name);
    return undefined;
  });
}
