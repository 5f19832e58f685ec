import { type Command, InvalidArgumentError } from "commander";
import { completionScript, type Shell, shells } from "../completion/script.ts";
import { examples, jsonOption, printJson } from "../options.ts";

export function define(command: Command): void {
  jsonOption(command, "print { shell, script }")
    .description("Print the script that completes commands, options and names of services in a shell.")
    .argument("<SHELL>", `one of ${shells.join(", ")}`, (text): Shell => {
      const shell = shells.find((name) => name === text);
      if (shell === undefined) throw new InvalidArgumentError(`It must be one of ${shells.join(", ")}.`);
      return shell;
    })
    .action(async (shell: Shell, options: { readonly json?: boolean }) => {
      const { commandTree } = await import("../command-line.ts");
      const script = completionScript(shell, await commandTree(() => true));
      if (options.json) printJson({ shell, script });
      else process.stdout.write(script);
    });
  examples(command, [
    ["source <(warren completion bash)", "in ~/.bashrc"],
    ["warren completion zsh > ~/.zfunc/_warren", "a folder of your $fpath"],
    ["warren completion fish > ~/.config/fish/completions/warren.fish", ""],
  ]);
}
