import { findToolchain } from "../../src/cli/demo/toolchain.ts";
import { buildComponent, type ComponentName } from "../../test/guests/components/build.ts";

/** One kind of request, put to several systems. */
export interface Part {
  readonly name: string;
  readonly path: string;
  /** Bytes of the body that is sent, and comes back. */
  readonly post?: number;
  readonly connections: number;
  readonly guests: readonly Guest[];
  /** What serves the same without a component. */
  readonly others: readonly ("node:http" | "nginx" | "workerd")[];
}

/** A component, by the language that tells it apart in the tables. */
export type Guest = "C" | "Rust" | "Hono";

const componentOf: Readonly<Record<Guest, ComponentName>> = {
  C: "c-handler",
  Rust: "rust-handler",
  Hono: "typescript-handler",
};

const compiled: readonly Guest[] = ["C", "Rust"];

export const parts = {
  hello: { name: "hello", path: "/", connections: 32, guests: compiled, others: ["node:http", "nginx"] },
  "echo-1k": {
    name: "echo, 1 KiB",
    path: "/echo",
    post: 1024,
    connections: 32,
    guests: compiled,
    others: ["node:http"],
  },
  "echo-1m": {
    name: "echo, 1 MiB",
    path: "/echo",
    post: 2 ** 20,
    connections: 8,
    guests: compiled,
    others: ["node:http"],
  },
  hono: { name: "hello of a Hono app", path: "/", connections: 32, guests: ["Hono"], others: ["workerd", "node:http"] },
} as const satisfies Record<string, Part>;

/** The paths of the components that the parts need; what cannot be built is named and left out. */
export async function findComponents(chosen: readonly Part[]): Promise<Map<Guest, string>> {
  const found = new Map<Guest, string>();
  const languages = { C: "c", Rust: "rust", Hono: "typescript" } as const;
  for (const guest of new Set(chosen.flatMap(({ guests }) => guests))) {
    const toolchain = await findToolchain(languages[guest]);
    if (!toolchain.available) {
      console.log(`skipped: everything in ${guest}: ${toolchain.reason}; ${toolchain.install}`);
      continue;
    }
    console.error(`  building ${componentOf[guest]}, once`);
    found.set(guest, await buildComponent(componentOf[guest]));
  }
  return found;
}
