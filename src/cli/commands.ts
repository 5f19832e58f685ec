import type { Command } from "commander";

/** One command: what help and completion show of it, and the module that holds it, loaded only when it is wanted. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly group: string;
  readonly load: () => Promise<{ define(command: Command): void }>;
}

const services = "Services:";
const programs = "Programs:";
const machine = "This machine:";
/** Where the `help` command stands. */
export const helpGroup: string = machine;

export const commands: readonly CommandEntry[] = [
  {
    name: "deploy",
    group: services,
    summary: "create or replace a service",
    load: () => import("./commands/deploy.ts"),
  },
  { name: "ls", group: services, summary: "list services", load: () => import("./commands/ls.ts") },
  {
    name: "show",
    group: services,
    summary: "show everything about a service",
    load: () => import("./commands/show.ts"),
  },
  { name: "logs", group: services, summary: "print what a service wrote", load: () => import("./commands/logs.ts") },
  { name: "start", group: services, summary: "start stopped services", load: () => import("./commands/start.ts") },
  { name: "stop", group: services, summary: "stop services", load: () => import("./commands/stop.ts") },
  { name: "restart", group: services, summary: "restart services", load: () => import("./commands/restart.ts") },
  { name: "rm", group: services, summary: "remove services", load: () => import("./commands/rm.ts") },
  {
    name: "volume",
    group: services,
    summary: "list and remove the volumes that services keep data in",
    load: () => import("./commands/volume.ts"),
  },
  {
    name: "store",
    group: services,
    summary: "list and remove the key-value stores of services",
    load: () => import("./commands/store.ts"),
  },
  {
    name: "domain",
    group: services,
    summary: "say which host names are whose",
    load: () => import("./commands/domain.ts"),
  },
  {
    name: "run",
    group: programs,
    summary: "run a program here and now, in the same sandbox",
    load: () => import("./commands/run.ts"),
  },
  {
    name: "install",
    group: programs,
    summary: "make a program a command, with what it is granted",
    load: () => import("./commands/install.ts"),
  },
  {
    name: "uninstall",
    group: programs,
    summary: "remove an installed program",
    load: () => import("./commands/uninstall.ts"),
  },
  {
    name: "installed",
    group: programs,
    summary: "list installed programs",
    load: () => import("./commands/installed.ts"),
  },
  {
    name: "build",
    group: programs,
    summary: "compile a program in Go, Rust, C or TypeScript",
    load: () => import("./commands/build.ts"),
  },
  {
    name: "new",
    group: programs,
    summary: "begin a service in one of these languages",
    load: () => import("./commands/new.ts"),
  },
  { name: "serve", group: machine, summary: "run the daemon", load: () => import("./commands/serve.ts") },
  {
    name: "demo",
    group: machine,
    summary: "build, deploy and call services in several languages",
    load: () => import("./commands/demo.ts"),
  },
  {
    name: "doctor",
    group: machine,
    summary: "check this machine and its daemon",
    load: () => import("./commands/doctor.ts"),
  },
  {
    name: "tls",
    group: machine,
    summary: "list certificates, or tell how to trust this machine's own",
    load: () => import("./commands/tls.ts"),
  },
  {
    name: "completion",
    group: machine,
    summary: "print a shell's completion script",
    load: () => import("./commands/completion.ts"),
  },
];
