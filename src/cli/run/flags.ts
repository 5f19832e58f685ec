// The options of `run` and `install`, and the one place that knows them: commander makes help, completion and messages from
// these tables, and `readFlags` reads the plain cases of them without loading commander.

export interface Flag {
  /** As commander writes it: `-e, --env <K=V>`. */
  readonly flags: string;
  readonly help: string;
  /** It may be given several times. */
  readonly repeats?: true;
}

/** What they give, as it was typed. */
export interface GrantFlags {
  readonly ro?: readonly string[];
  readonly rw?: readonly string[];
  readonly tmp?: boolean;
  readonly env?: readonly string[];
  readonly envFile?: readonly string[];
  readonly net?: readonly string[];
  readonly listen?: readonly string[];
  readonly memory?: string;
  readonly cpu?: string;
  readonly time?: string;
  readonly grants?: readonly string[];
  readonly interactive?: boolean;
}

export interface RunFlags extends GrantFlags {
  readonly explain?: boolean;
  readonly verbose?: boolean;
  readonly json?: boolean;
}

export const grantFlags: readonly Flag[] = [
  { flags: "--ro <PATH[:AS]>", help: "let it read a directory or file, under the same name or as AS", repeats: true },
  { flags: "--rw <PATH[:AS]>", help: "let it read and write a directory or file", repeats: true },
  { flags: "--tmp", help: "give it an empty /tmp in memory, of 64 MiB, gone when it ends" },
  { flags: "-e, --env <K=V>", help: "give it a variable; K alone passes on the one here", repeats: true },
  { flags: "--env-file <FILE>", help: "give it the variables of a file, a K=V or K on each line", repeats: true },
  {
    flags: "--net <HOST:PORT>",
    help: "let it connect there; *.HOST, ADDRESS/BITS, PORT-PORT, /udp; unix:PATH[:AS]",
    repeats: true,
  },
  {
    flags: "--listen <PORT>",
    help: "let it serve a port of this machine, ADDRESS:PORT for others than itself",
    repeats: true,
  },
  { flags: "--memory <SIZE>", help: "the most memory it may have, such as 64MiB" },
  { flags: "--cpu <CORES>", help: "the most CPU it may use, averaged, such as 0.5" },
  { flags: "--time <TIME>", help: "end it after so long, such as 30s, also while it computes" },
  { flags: "--grants <FILE>", help: "grant what a TOML file lists, in the words of a manifest", repeats: true },
  { flags: "-i, --interactive", help: "let it read single keys and paint the terminal" },
];

export const runFlags: readonly Flag[] = [
  ...grantFlags,
  { flags: "--explain", help: "print what it would be granted, and do not run it" },
  { flags: "-v, --verbose", help: "first print what it is granted, on standard error" },
];

/** Every command has it; `run` prints errors by it. */
export const jsonFlag: Flag = { flags: "--json", help: "" };

interface Read {
  readonly flags: RunFlags;
  /** From the program on. */
  readonly words: readonly string[];
}

/**
 * Reads a command line of `run` if it is a plain one: known options, each by itself, then the program. Undefined for
 * everything else, such as mistakes and `--help`, which is commander's.
 */
export function readFlags(args: readonly string[], known: readonly Flag[]): Read | undefined {
  const flags: Record<string, string | string[] | true> = {};
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] as string;
    if (!arg.startsWith("-")) return { flags, words: args.slice(at) };
    if (arg === "--") return at + 1 < args.length ? { flags, words: args.slice(at + 1) } : undefined;
    const equals = arg.startsWith("--") ? arg.indexOf("=") : -1;
    const name = equals < 0 ? arg : arg.slice(0, equals);
    const flag = known.find((one) => namesOf(one).includes(name));
    if (flag === undefined) return undefined;
    const key = keyOf(flag);
    if (!flag.flags.includes("<")) {
      if (equals >= 0) return undefined;
      flags[key] = true;
      continue;
    }
    const value = equals < 0 ? args[++at] : arg.slice(equals + 1);
    if (value === undefined) return undefined;
    if (flag.repeats) flags[key] = [...((flags[key] as string[] | undefined) ?? []), value];
    else flags[key] = value;
  }
  return undefined;
}

/** `-e` and `--env`. */
function namesOf({ flags }: Flag): string[] {
  return flags.split(", ").map((one) => one.split(" ")[0] as string);
}

/** What commander calls it: `--env-file` is `envFile`. */
function keyOf(flag: Flag): string {
  const long = namesOf(flag).at(-1) as string;
  return long.slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
