import { assert } from "../base/assert.ts";

/**
 * Cuts WIT into words, `->` and single signs. Comments and gates (`@since(version = 0.2.0)`) are left out; escaped words (`%type`) lose their
 * sign.
 */
export function witTokens(text: string): string[] {
  const pattern =
    /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|@[a-z]+\([^)]*\)|(%?[a-zA-Z][a-zA-Z0-9-]*|->|[{}()<>:;,=.*/@_]|[0-9][0-9a-zA-Z.+-]*)/y;
  const tokens: string[] = [];
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    assert(match !== null, `WIT: unknown text "${text.slice(at, at + 20)}"`);
    if (match[1] !== undefined) tokens.push(match[1].replace("%", ""));
  }
  return tokens;
}
