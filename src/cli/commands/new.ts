import { relative } from "node:path";
import { Argument, type Command } from "commander";
import { createProject, templates } from "../build/template.ts";
import { examples, type JsonOption, jsonOption, printJson } from "../options.ts";
import { bold } from "../ui/style.ts";

export function define(command: Command): void {
  jsonOption(command)
    .description("Begin a service: sources, a warren.toml, and what the compiler wants to know. It answers already.")
    .addArgument(new Argument("<TEMPLATE>", "what it is written in").choices(Object.keys(templates)))
    .argument("<DIR>", "the folder to make; its name is the service's")
    .action(create);
  examples(command, [
    ["warren new typescript shop", "a Hono app"],
    ["warren new rust shop && cd shop && warren build && warren deploy .", "a handler in Rust, served"],
  ]);
}

function create(template: string, directory: string, { json }: JsonOption): void {
  const project = createProject(template, directory);
  const { name, folder, files, install } = project;
  if (json) {
    printJson({ template, name, folder, files });
    return;
  }
  const steps = [
    `cd ${relative(process.cwd(), folder) || "."}`,
    ...(install === undefined ? [] : [install]),
    "warren build",
    "warren deploy .",
    `curl http://${name}.localhost:8080/`,
  ];
  process.stdout.write(
    `${bold(name, process.stdout)}: ${files.join(", ")}\n\n${steps.map((step) => `  ${step}\n`).join("")}`,
  );
}
