import { Command, CommanderError } from "commander";
import { WarrenError } from "../base/errors.ts";
import { version } from "../base/version.ts";
import { type CommandEntry, commands, helpGroup } from "./commands.ts";
import { reportError } from "./report.ts";
import { bold } from "./ui/style.ts";

/** Runs one command line. Resolves with the exit code: 0 done, 1 refused or failed, 2 usage; `run` gives its program's. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  // Only before a lone `--`: what follows belongs to a program.
  const end = args.indexOf("--");
  const json = (end < 0 ? args : args.slice(0, end)).includes("--json");
  try {
    const wanted = args[0] === "help" ? args[1] : args[0];
    const program = await commandTree((entry) => entry.name === wanted);
    if (args.length === 0) {
      program.outputHelp();
      return 0;
    }
    await program.parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? 0 : reportError(usageError(error, args), { json });
    return reportError(error, { json });
  }
}

/** The commands as commander knows them; those that are not loaded have a name and a summary only. */
export async function commandTree(loaded: (entry: CommandEntry) => boolean): Promise<Command> {
  const program = new Command("warren")
    .description("Runs WebAssembly programs as web services, each in its own sandbox.")
    .version(`warren ${version}`, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .usage("COMMAND [OPTIONS]")
    // So that what follows the program of `run` is the program's.
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .exitOverride()
    // Errors are printed in one place, below; commander's text comes with the exception.
    .configureOutput({ outputError: () => {} })
    .configureHelp({
      styleTitle: (text) => bold(text, process.stdout),
      commandUsage,
      subcommandTerm: (command) => command.name(),
    })
    .addHelpText("after", "\n`warren COMMAND --help` has examples. `warren demo` shows it all at work.");
  for (const entry of commands) {
    const command = program
      .command(entry.name)
      .summary(entry.summary)
      .description(entry.summary)
      .helpGroup(entry.group);
    if (loaded(entry)) (await entry.load()).define(command);
  }
  const help = new Command("help").argument("[COMMAND]").summary("print the help of a command").helpGroup(helpGroup);
  return program.addHelpCommand(help);
}

function commandUsage(command: Command): string {
  const path = command.parent === null ? "warren" : `warren ${command.name()}`;
  return `${path} ${command.usage().replace("[options]", "[OPTIONS]")}`;
}

/** commander's `error: unknown option '--jsno'\n(Did you mean --json?)` in our words. */
function usageError(error: CommanderError, args: readonly string[]): WarrenError {
  const [first = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const suggestion = rest.join(" ").match(/^\((Did you mean .*\?)\)$/)?.[1];
  const command = commands.some(({ name }) => name === args[0]) ? args[0] : undefined;
  const atTop = command === undefined && args[0]?.startsWith("-") && error.code === "commander.unknownOption";
  const help =
    command === undefined ? "`warren --help` lists the commands" : `\`warren ${command} --help\` shows how it is used`;
  return new WarrenError(
    `usage.${error.code.replace(/^commander\./, "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    first,
    {
      hint: suggestion ?? (atTop ? "options come after the command, as in `warren ls --json`" : help),
    },
  );
}
