import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "commander";
import { commandTree } from "./command-line.ts";
import { commands } from "./commands.ts";
import { checkGolden } from "./golden.suite.ts";

function helpOf(command: Command): string {
  let text = "";
  // A width of its own, so that the terminal of whoever runs the test has no say.
  command.configureOutput({
    ...command.configureOutput(),
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text;
}

test("the help of every command is as in testdata/help.txt", async () => {
  const program = await commandTree(() => true);
  // What the environment sets is no part of the text.
  const parts = [program, ...program.commands].map((command) => {
    const path = command === program ? "warren" : `warren ${command.name()}`;
    return `$ ${path} --help\n${helpOf(command)}`;
  });
  checkGolden("help.txt", parts.join("\n"));
});

test("every command has examples and --json", async () => {
  const program = await commandTree(() => true);
  for (const { name } of commands) {
    const command = program.commands.find((one) => one.name() === name);
    assert.ok(command !== undefined, name);
    assert.match(helpOf(command), /\nExamples:\n {2}\S/, name);
    assert.ok(
      command.options.some(({ long }) => long === "--json"),
      name,
    );
  }
});

test("the help of the program does not load the commands, yet names each with its summary", async () => {
  const text = helpOf(await commandTree(() => false));
  for (const { name, summary } of commands) assert.ok(text.includes(name) && text.includes(summary), name);
});
