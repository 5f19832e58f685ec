import { resolve } from "node:path";
import { parse, TomlError } from "smol-toml";
import type { TSchema } from "typebox";
import type { Digest } from "../base/digest.ts";
import { WarrenError } from "../base/errors.ts";
import { type CheckedSchema, checkValue, type Issue, type Path, pointer } from "./check.ts";
import { type Manifest, manifestSchema } from "./manifest-schema.ts";
import type { RuleIssue } from "./rule-issue.ts";
import type { ServiceSpec } from "./service.ts";
import { absoluteSite } from "./site.ts";
import { checkDeployed, type RuledSpec } from "./spec-rules.ts";
import { type LineOf, tomlLines } from "./toml-lines.ts";

const charactersMax = 1024 * 1024;

/** Keys that the manifest will have. Whoever uses one must not find it silently without effect. */
const later: ReadonlySet<string> = new Set(["secrets", "sleep", "health", "instances"]);

/**
 * Reads the text of a `warren.toml`. `file` is its name in errors. Throws `manifest.syntax`, `.too-large`, `.missing-key`,
 * `.unknown-key`, `.unsupported`, `.wrong-type`, `.bad-value`, `.bad-host`, `.bad-path`, `.bad-listen`, `.bad-mount`, `.bad-static`, `.bad-outbound`, `.bad-store` or
 * `.duplicate-route`, with the line where it can be told and a JSON pointer in `at`.
 */
export function parseManifest(text: string, { file }: { file: string }): Manifest {
  return parseTable(text, { file, schema: manifestSchema, rules: checkDeployed }) as Manifest;
}

export interface TableOptions {
  /** Its name in errors. */
  readonly file: string;
  readonly schema: CheckedSchema | TSchema;
  readonly rules: (value: RuledSpec) => RuleIssue[];
}

/** The same for a file with other words of ours: `schema` tells which, and `rules` what it cannot say. */
export function parseTable(text: string, { file, schema, rules }: TableOptions): unknown {
  if (text.length > charactersMax) {
    throw new WarrenError(
      "manifest.too-large",
      `${file}: a manifest has at most ${charactersMax} characters, not ${text.length}`,
    );
  }
  const value = parseToml(text, file);
  const lineOf = tomlLines(text);
  const [issue] = inOrder(checkValue(schema, value), lineOf);
  if (issue !== undefined) throw manifestError(issue, file, lineOf);
  const [broken] = inOrder(rules(value as RuledSpec), lineOf);
  if (broken !== undefined) throw manifestError(broken, file, lineOf);
  return value;
}

/** What is deployed for a manifest: the program by its digest, and mounts from the manifest's own directory. */
export function specOf(
  manifest: Manifest,
  { directory, digest }: { directory: string; digest: Digest | undefined },
): ServiceSpec {
  const { mount, outbound, route, program: _, ...rest } = manifest;
  const mounts = mount?.map((entry) =>
    entry.source === undefined ? entry : { ...entry, source: resolve(directory, entry.source) },
  );
  // The guest's name of a socket is what the manifest says.
  const rights = outbound?.map((entry) =>
    entry.unix === undefined ? entry : { ...entry, unix: resolve(directory, entry.unix), as: entry.as ?? entry.unix },
  );
  const routes = route?.map((entry) =>
    entry.static === undefined ? entry : { ...entry, static: absoluteSite(entry.static, directory) },
  );
  return {
    ...rest,
    ...(digest === undefined ? {} : { program: digest }),
    ...(routes === undefined ? {} : { route: routes }),
    ...(mounts === undefined ? {} : { mount: mounts }),
    ...(rights === undefined ? {} : { outbound: rights }),
  };
}

function parseToml(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [why = ""] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    throw new WarrenError("manifest.syntax", `${file}:${error.line}:${error.column}: not valid TOML: ${why}`, {
      cause: error,
    });
  }
}

/** The first mistake of the file comes first. A missing key comes last: it may be there with a typing error. */
function inOrder<T extends Issue | RuleIssue>(issues: readonly T[], lineOf: LineOf): T[] {
  const rank = ({ kind, path }: T): number => (kind === "missing" ? Number.MAX_SAFE_INTEGER : (lineOf(path) ?? 0));
  return issues.toSorted((a, b) => rank(a) - rank(b));
}

function manifestError({ kind, path, message, hint }: Issue | RuleIssue, file: string, lineOf: LineOf): WarrenError {
  const line = lineOf(path);
  const where = line === undefined ? file : `${file}:${line}`;
  const at = pointer(path);
  if (kind === "unknown-key" && later.has(path.filter((key) => typeof key === "string").join("."))) {
    return new WarrenError("manifest.unsupported", `${where}: ${nameOf(path)} is not in this release`, {
      at,
      hint: "remove it for now",
    });
  }
  const code = kind === "missing" ? "manifest.missing-key" : `manifest.${kind}`;
  if (kind === "wrong-type" && message === "must be a list, not a table") {
    return new WarrenError(code, `${where}: ${nameOf(path)} ${message}`, {
      at,
      hint: `write its header as [[${path.at(-1)}]]`,
    });
  }
  return new WarrenError(code, `${where}: ${nameOf(path)} ${message}`, { at, ...(hint === undefined ? {} : { hint }) });
}

/** `"host" of [[route]] 2`, `"memory" of [limits]`, `"args" entry 1`. */
function nameOf(path: Path): string {
  const [first, second, third] = path;
  if (second === undefined) return JSON.stringify(first);
  if (typeof second === "string")
    return third === undefined
      ? `${JSON.stringify(second)} of [${first}]`
      : `${JSON.stringify(third)} of [${first}.${second}]`;
  if (third !== undefined) return `${JSON.stringify(path.slice(2).join("."))} of [[${first}]] ${second + 1}`;
  return first === "args" ? `"args" entry ${second + 1}` : `[[${first}]] ${second + 1}`;
}
