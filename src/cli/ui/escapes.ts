// What a guest writes reaches the operator's terminal, where escape sequences can retitle the window, write the clipboard,
// answer queries as if typed, or overwrite the lines before. ECMA-48 §5.4 and §8.3 name the sequences; all of them are
// removed but colours (SGR) where they are wanted. Other control characters are shown as cat -v shows them.

export interface EscapeRules {
  /** Colours pass. */
  readonly colour?: boolean;
  /** Line feeds pass. A log line has none. */
  readonly lines?: boolean;
  /** Carriage return and backspace pass, for programs that redraw their line. */
  readonly redraw?: boolean;
}

/** Longest sequence kept while its end has not come; a longer one is dropped as far as it goes. */
const sequenceCharsMax = 4096;

/** What follows CSI in a colour (ECMA-48 §8.3.117). */
const colour = /^[0-9;:]{0,64}m$/;

/** A filter for text that arrives in pieces: sequences may be cut anywhere. */
export class EscapeFilter {
  readonly #rules: EscapeRules;
  #state: "text" | "escape" | "csi" | "string" | "string-escape" = "text";
  #sequence = "";
  #coloured: boolean = false;

  constructor(rules: EscapeRules = {}) {
    this.#rules = rules;
  }

  push(text: string): string {
    let out = "";
    for (const char of text) out += this.#next(char, char.codePointAt(0) ?? 0);
    return out;
  }

  /** The end: puts the terminal's colours back if they were changed. */
  end(): string {
    return this.#coloured ? "\x1b[0m" : "";
  }

  #next(char: string, code: number): string {
    switch (this.#state) {
      case "text":
        return this.#text(char, code);
      case "escape":
        return this.#escape(char, code);
      case "csi":
        return this.#csi(char, code);
      case "string":
        // ST (ESC \ or C1 9C) ends a string; xterm ends it at BEL too; CAN and SUB cancel.
        if (code === 0x07 || code === 0x9c || code === 0x18 || code === 0x1a) this.#state = "text";
        else if (code === 0x1b) this.#state = "string-escape";
        // A string that never ends must not swallow the rest of the output.
        else if (code === 0x0a) return this.#leave(char, code);
        return "";
      case "string-escape":
        if (char === "\\") {
          this.#state = "text";
          return "";
        }
        return this.#escape(char, code);
    }
  }

  #leave(char: string, code: number): string {
    this.#state = "text";
    return this.#text(char, code);
  }

  #text(char: string, code: number): string {
    if (code === 0x1b) {
      this.#state = "escape";
      return "";
    }
    if (code >= 0x20 && code < 0x7f) return char;
    if (code > 0x9f || code === 0x09) return char;
    if (code === 0x0a && this.#rules.lines) return char;
    if ((code === 0x0d || code === 0x08) && this.#rules.redraw) return char;
    if (code === 0x9b) return this.#begin("csi");
    if (code === 0x90 || code === 0x98 || code === 0x9d || code === 0x9e || code === 0x9f) return this.#begin("string");
    if (code >= 0x80) return "";
    return code === 0x7f ? "^?" : `^${String.fromCharCode(code + 0x40)}`;
  }

  #begin(state: "csi" | "string"): string {
    this.#state = state;
    this.#sequence = "";
    return "";
  }

  #escape(char: string, code: number): string {
    if (char === "[") return this.#begin("csi");
    // DCS, SOS, OSC, PM, APC
    if (char === "P" || char === "X" || char === "]" || char === "^" || char === "_") return this.#begin("string");
    // Intermediate bytes: the sequence goes on.
    if (code >= 0x20 && code <= 0x2f) {
      this.#state = "escape";
      return "";
    }
    if (code === 0x1b) return "";
    if (code < 0x20 || code > 0x7e) return this.#leave(char, code);
    this.#state = "text";
    return "";
  }

  #csi(char: string, code: number): string {
    if (code < 0x20 || code > 0x7e) return this.#leave(char, code);
    if (this.#sequence.length < sequenceCharsMax) this.#sequence += char;
    if (code < 0x40) return "";
    this.#state = "text";
    if (!this.#rules.colour || !colour.test(this.#sequence)) return "";
    this.#coloured = !/^0*m$/.test(this.#sequence);
    return `\x1b[${this.#sequence}`;
  }
}

/** Filters text that is whole, such as a log line. */
export function filterEscapes(text: string, rules: EscapeRules = {}): string {
  const filter = new EscapeFilter(rules);
  return filter.push(text) + filter.end();
}
