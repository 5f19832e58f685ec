import { resolve } from "node:path";
import { importOf } from "../jco.ts";

// Rolldown's types are those of its release; this is what is used of it.
interface Rolldown {
  rolldown(options: object): Promise<{
    generate(options: object): Promise<{ output: readonly { readonly type: string; readonly code?: string }[] }>;
    close(): Promise<void>;
  }>;
}

const wrapper = "\0warren:handler";

/**
 * One script of an app and all that it imports, TypeScript's types taken off. An app answers the `fetch` event itself, or its default
 * export has the method `fetch`, as Hono's apps do and those of Cloudflare, Deno and Bun.
 */
export async function bundle(entry: string, jco: string): Promise<string> {
  const { rolldown } = (await importOf(jco, "rolldown", "dist/index.mjs")) as Rolldown;
  const path = JSON.stringify(resolve(entry));
  const code = `export * from ${path};
import * as app from ${path};
const handler = app["default"];
if (typeof handler?.fetch === "function")
  addEventListener("fetch", (event) => event.respondWith(handler.fetch(event.request)));
`;
  const build = await rolldown({
    input: wrapper,
    platform: "neutral",
    resolve: {
      conditionNames: ["wasi", "worker", "browser", "import", "default"],
      mainFields: ["module", "main"],
    },
    plugins: [
      {
        name: "warren",
        resolveId: (id: string) => (id === wrapper ? id : null),
        load: (id: string) => (id === wrapper ? code : null),
      },
    ],
    onLog: (level: string, { message }: { message: string }) => {
      // What cannot be found would fail later, in the engine, with less to go by.
      if (level === "warn" && /resolve|unresolved/i.test(message)) throw new Error(message);
    },
  });
  try {
    const { output } = await build.generate({ format: "esm", codeSplitting: false });
    return output.find(({ type }) => type === "chunk")?.code ?? "";
  } finally {
    await build.close();
  }
}
