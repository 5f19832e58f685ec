import type { styleText } from "node:util";

type Stream = NodeJS.WriteStream;
type Format = Parameters<typeof styleText>[0];

/** Coloured only on a terminal that wants it: styleText knows NO_COLOR, FORCE_COLOR and TERM=dumb. */
function styled(format: Format, text: string, stream: Stream): string {
  return process.getBuiltinModule("node:util").styleText(format, text, { stream, validateStream: true });
}

export function bold(text: string, stream: Stream): string {
  return styled("bold", text, stream);
}
export function dim(text: string, stream: Stream): string {
  return styled("dim", text, stream);
}
export function red(text: string, stream: Stream): string {
  return styled("red", text, stream);
}
export function green(text: string, stream: Stream): string {
  return styled("green", text, stream);
}
export function yellow(text: string, stream: Stream): string {
  return styled("yellow", text, stream);
}

/** Whether colours that a guest wrote may pass. */
export function hasColour(stream: Stream): boolean {
  return styled("red", "", stream) !== "";
}
