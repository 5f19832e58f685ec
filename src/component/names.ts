/** A name of an import or export, taken apart (Component model, Explainer.md, Import and Export Definitions). */
export type ExternName =
  | { readonly kind: "label" }
  | { readonly kind: "interface" /** Without the version. */; readonly interface: string; readonly version: string }
  | { readonly kind: "constructor"; readonly resource: string }
  | { readonly kind: "method" | "static"; readonly resource: string; readonly member: string };

// Semantic Versioning 2.0.
const identifier = "(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)";
const semver = new RegExp(
  `^(?:0|[1-9]\\d*)\\.(?:0|[1-9]\\d*)\\.(?:0|[1-9]\\d*)(?:-${identifier}(?:\\.${identifier})*)?(?:\\+[0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*)?$`,
);
/** `canonversion`: what all compatible versions have in common. */
const canonicalVersion = /^(?:[1-9]\d*|0\.[1-9]\d*|0\.0\.[1-9]\d*|0\.0\.0)$/;

export function isSemver(version: string): boolean {
  return semver.test(version);
}

export function isCanonicalVersion(version: string): boolean {
  return canonicalVersion.test(version);
}

/** Undefined: it is not a name. */
export function parseExternName(name: string): ExternName | undefined {
  if (name.startsWith("[")) return parseAnnotated(name);
  if (!name.includes(":")) return isLabel(name) ? { kind: "label" } : undefined;
  const [path, version, ...rest] = name.split("@");
  if (rest.length > 0) return undefined;
  if (version !== undefined && !isSemver(version) && !isCanonicalVersion(version)) return undefined;
  const match = /^([^:/]*):([^:/]*)\/([^:/]*)$/.exec(path!);
  if (match === null) return undefined;
  const [, namespace, packageName, projection] = match;
  if (!isWords(namespace!) || !isWords(packageName!) || !isLabel(projection!)) return undefined;
  return { kind: "interface", interface: path!, version: version ?? "" };
}

function parseAnnotated(name: string): ExternName | undefined {
  const match = /^\[(constructor|method|static)\]([^.]*)(?:\.([^.]*))?$/.exec(name);
  if (match === null) return undefined;
  const [, kind, resource, member] = match;
  if (!isLabel(resource!)) return undefined;
  if (kind === "constructor") return member === undefined ? { kind, resource: resource! } : undefined;
  if (member === undefined || !isLabel(member)) return undefined;
  return { kind: kind === "method" ? "method" : "static", resource: resource!, member };
}

/** Words in lower case or acronyms in upper case, joined by hyphens; the first begins with a letter. No regular expression: digits fit both. */
export function isLabel(name: string): boolean {
  let first = true;
  let lower = false;
  let upper = false;
  let characters = 0;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code === 0x2d) {
      if (characters === 0) return false;
      first = lower = upper = false;
      characters = 0;
      continue;
    }
    if (code >= 0x61 && code <= 0x7a) lower = true;
    else if (code >= 0x41 && code <= 0x5a) upper = true;
    else if (code < 0x30 || code > 0x39 || (first && characters === 0)) return false;
    if (lower && upper) return false;
    characters++;
  }
  return characters > 0;
}

function isWords(name: string): boolean {
  return isLabel(name) && name === name.toLowerCase();
}

/**
 * What must differ between the names of one scope, so that no binding of a language confuses two of them (Component model, Explainer.md, Name
 * Uniqueness).
 */
export function uniqueKey(name: string): string {
  const lower = name.toLowerCase();
  const match = /^\[(?:method|static)\](.*)$/.exec(lower);
  if (match === null) return lower;
  const [resource, member] = match[1]!.split(".");
  return resource === member ? resource! : match[1]!;
}
