import type { Path } from "./check.ts";

/** Finds the line that a value of a TOML document was written on, or of the nearest table around it. */
export type LineOf = (path: Path) => number | undefined;

/**
 * The lines of the keys and headers of a document that is known to be valid: the parser gives values without places.
 * Keys inside inline tables count as written where the outermost key is. (toml.io/en/v1.0.0)
 */
export function tomlLines(text: string): LineOf {
  const lines = new Scanner(text).scan();
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const line = lines.get(keyOf(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return undefined;
  };
}

function keyOf(path: Path): string {
  return JSON.stringify(path);
}

class Scanner {
  readonly #text: string;
  readonly #lines = new Map<string, number>();
  /** How many tables each `[[header]]` has so far, by its path. */
  readonly #counts = new Map<string, number>();
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): ReadonlyMap<string, number> {
    let table: Path = [];
    while (this.#at < this.#text.length) {
      this.#skip(/[ \t\r]*/y);
      const char = this.#text[this.#at];
      if (char === "[") table = this.#header();
      else if (char !== undefined && char !== "\n" && char !== "#") this.#note(this.#dottedKey(table));
      this.#toLineEnd();
    }
    return this.#lines;
  }

  #header(): Path {
    const list = this.#text.startsWith("[[", this.#at);
    this.#at += list ? 2 : 1;
    const path = this.#dottedKey([]);
    if (!list) {
      this.#note(path);
      return path;
    }
    const index = this.#counts.get(keyOf(path)) ?? 0;
    this.#counts.set(keyOf(path), index + 1);
    if (index === 0) this.#note(path);
    this.#note([...path, index]);
    return [...path, index];
  }

  /** `a."b.c".d` after a table's path. A part that names a list of tables means its last one. */
  #dottedKey(table: Path): Path {
    let path = table;
    for (;;) {
      this.#skip(/[ \t]*/y);
      path = [...path, this.#key()];
      this.#skip(/[ \t]*/y);
      if (this.#text[this.#at] !== ".") return path;
      this.#at++;
      const count = this.#counts.get(keyOf(path));
      if (count !== undefined) path = [...path, count - 1];
    }
  }

  #key(): string {
    const quoted = this.#skip(/"(?:\\.|[^"\\\n])*"|'[^'\n]*'/y);
    if (quoted === "") return this.#skip(/[A-Za-z0-9_-]*/y);
    if (quoted.startsWith("'")) return quoted.slice(1, -1);
    try {
      return JSON.parse(quoted) as string;
    } catch {
      // TOML has escapes that JSON lacks: such a key is found by its table only.
      return quoted;
    }
  }

  /** Moves past the rest of a statement: a value may go over many lines. */
  #toLineEnd(): void {
    let depth = 0;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at]!;
      if (char === '"' || char === "'") this.#string(char);
      else if (char === "#") this.#skip(/[^\n]*/y);
      else {
        this.#at++;
        if (char === "[" || char === "{") depth++;
        else if (char === "]" || char === "}") depth--;
        else if (char === "\n") {
          this.#line++;
          if (depth <= 0) return;
        }
      }
    }
  }

  #string(quote: '"' | "'"): void {
    const long = quote.repeat(3);
    if (!this.#text.startsWith(long, this.#at)) {
      if (this.#skip(quote === '"' ? /"(?:\\.|[^"\\\n])*"/y : /'[^'\n]*'/y) === "") this.#at++;
      return;
    }
    let end = this.#at + 3;
    while (end < this.#text.length && !this.#text.startsWith(long, end))
      end += quote === '"' && this.#text[end] === "\\" ? 2 : 1;
    // Up to two quotes may stand right before the closing three.
    while (this.#text[end + 3] === quote) end++;
    this.#line += this.#text.slice(this.#at, end).split("\n").length - 1;
    this.#at = end + 3;
  }

  #note(path: Path): void {
    for (let length = path.length; length > 0; length--) {
      const key = keyOf(path.slice(0, length));
      if (!this.#lines.has(key)) this.#lines.set(key, this.#line);
    }
  }

  /** Moves past what a sticky pattern matches, which is returned. */
  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [match = ""] = pattern.exec(this.#text) ?? [];
    this.#at += match.length;
    return match;
  }
}
