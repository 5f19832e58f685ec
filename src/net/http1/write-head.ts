import { WarrenError } from "../../base/errors.ts";
import { reasonOf } from "./reason.ts";

const tokenPattern = /^[!#$%&'*+\-.^_`|~A-Za-z0-9]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
const valuePattern = /^[^\x00-\x08\x0a-\x1f\x7f\u0100-\uffff]*$/;
/** What a guest's field must look like. */
export const fieldPatterns: { readonly name: RegExp; readonly value: RegExp } = {
  name: tokenPattern,
  value: valuePattern,
};
// Fields of one hop, which the front decides itself.
const dropped = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
  "content-length",
]);

/** An interim answer of a guest's (RFC 9110 §15.2), without what is not fit to be sent. */
export function writeInterim(status: number, fields: readonly (readonly [string, string])[]): string {
  let text = `HTTP/1.1 ${status} ${reasonOf(status)}\r\n`;
  for (const [name, value] of fields)
    if (tokenPattern.test(name) && valuePattern.test(value) && !dropped.has(name.toLowerCase()))
      text += `${name}: ${value}\r\n`;
  return `${text}\r\n`;
}

/** What a guest's list of fields says, checked, as the lines of a head. */
export interface WrittenHead {
  /** Status line and fields, without the empty line. */
  readonly text: string;
  /** -1 when the guest gave no Content-Length. */
  readonly contentLength: number;
}

/**
 * Serialises a guest's answer. Throws `head.malformed` when a name or value could break out of its line (checklist 32),
 * `head.framing` when Content-Length is not one number.
 */
export function writeHead(status: number, fields: readonly (readonly [string, string])[], date: string): WrittenHead {
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new WarrenError("head.malformed", `the status ${status} is not between 200 and 599`);
  let text = `HTTP/1.1 ${status} ${reasonOf(status)}\r\n`;
  let contentLength = -1;
  let dated = false;
  for (const [name, value] of fields) {
    if (!tokenPattern.test(name)) throw new WarrenError("head.malformed", "a field's name is not valid");
    if (!valuePattern.test(value))
      throw new WarrenError("head.malformed", `the value of ${name} holds a control character`);
    const lower = name.toLowerCase();
    if (lower === "content-length") {
      if (contentLength >= 0 || !/^[0-9]{1,15}$/.test(value))
        throw new WarrenError("head.framing", "Content-Length is not one number");
      contentLength = Number(value);
    }
    if (lower === "date") dated = true;
    if (!dropped.has(lower)) text += `${name}: ${value}\r\n`;
  }
  // RFC 9110 §6.6.1: an origin server with a clock sends Date.
  if (!dated) text += `Date: ${date}\r\n`;
  return { text, contentLength };
}
