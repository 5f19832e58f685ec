// The entry of the command. It loads as little as it can: `--version` nothing but the version, every command only its own.
import { version } from "../base/version.ts";

const args = process.argv.slice(2);

// A reader that went away (`warren ls | head -1`) ends the command as SIGPIPE would, without a word.
process.stdout.on("error", leaveOnBrokenPipe);
process.stderr.on("error", leaveOnBrokenPipe);

if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
  process.stdout.write(`warren ${version}\n`);
} else {
  const { useCompileCache } = await import("./compile-cache.ts");
  useCompileCache();
  const { runCommandLine } = await import("./command-line.ts");
  const { flush } = await import("./flush.ts");
  const code = await runCommandLine(args);
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
  // What a command leaves behind (an idle keep-alive connection, a timer) does not hold the process back.
  process.exit(code);
}

function leaveOnBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit(141);
}
