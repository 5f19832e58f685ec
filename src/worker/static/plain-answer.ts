import { Flow } from "../../base/flow.ts";
import type { TargetResponse } from "../../net/target.ts";

export type Field = readonly [name: string, value: string];

/** An answer of one line of text, in place of a file. */
export function plainAnswer(status: number, message: string, fields: readonly Field[] = []): TargetResponse {
  const body = new Flow();
  body.push(Buffer.from(`${message}\n`));
  body.end();
  const headers: Field[] = [
    ["Content-Type", "text/plain; charset=utf-8"],
    ["X-Content-Type-Options", "nosniff"],
    ...fields,
  ];
  return { status, headers, body };
}

export function emptyAnswer(status: number, headers: readonly Field[]): TargetResponse {
  const body = new Flow();
  body.end();
  return { status, headers, body };
}
