import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type GrantWords, resolveWords } from "./grants.ts";
import { type Failure, missingGrants } from "./refusals.ts";

const folder = mkdtempSync(join(tmpdir(), "warren-refusals-"));
const cwd = process.cwd();
before(() => {
  mkdirSync(join(folder, "src"));
  mkdirSync(join(folder, "with space"));
  writeFileSync(join(folder, "src/main.c"), "");
  writeFileSync(join(folder, "TODO"), "");
  process.chdir(folder);
});
after(() => {
  process.chdir(cwd);
  rmSync(folder, { recursive: true, force: true });
});

function check(
  {
    args = "",
    words = {},
    says = "",
    ...rest
  }: { args?: string; words?: GrantWords; says?: string } & Partial<Omit<Failure, "args">>,
  expected: readonly string[],
  env: NodeJS.ProcessEnv = { HOME: "/root", PATH: "/bin" },
): void {
  const failure = {
    args: args.split(" ").filter((arg) => arg !== ""),
    grants: resolveWords(words),
    lastWords: says,
    network: [],
    memoryBytes: 0,
    ...rest,
  };
  const found = missingGrants(failure, env).map(({ what, why, flag }) => `${what}: ${why}; add ${flag}`);
  assert.deepEqual(found, expected, `${args} | ${says}`);
}

const src = { source: "src", target: "src", mode: "ro" } as const;
const notGranted = ["./src: not granted; add --ro ./src"];

test("missingGrants() tells of ./ before a path, which C's library does not take off", () => {
  const says = "./src/main.c: Capabilities insufficient";
  const expected = ["./src/main.c: its C library knows it as src/main.c only; add --ro ."];
  const mounts = (one: { source: string; target: string; mode: "ro" | "rw" }) => ({ words: { mounts: [one] } });
  check({ args: "./src/main.c", says, ...mounts(src) }, expected);
  check({ args: "./src/main.c", says, ...mounts({ ...src, target: "./src" }) }, expected);
  check({ args: "./src/other.c", says: "./src/other.c: Capabilities insufficient", ...mounts(src) }, []);
  check({ args: "./src/main.c", says: "./src/main.c: No such file or directory", ...mounts(src) }, []);
  check({ args: "./src/main.c", says, ...mounts({ source: ".", target: ".", mode: "ro" }) }, []);
});

test("missingGrants() names the paths that a program was told to work on and was not given", () => {
  check({ args: "TODO ./src", says: "rg: ./src: No such file or directory (os error 44)" }, notGranted);
  check(
    { args: "TODO ./src", says: "rg: ./src: IO error for operation on ./src: Capabilities insufficient" },
    notGranted,
  );
  check(
    { args: "TODO ./src", says: 'failed to find a pre-opened file descriptor through which "./src" could be opened' },
    notGranted,
  );
  check({ args: "TODO ./src" }, notGranted);
  check({ args: "--file=src/main.c", says: "open src/main.c: Bad file descriptor" }, [
    "src/main.c: not granted; add --ro src/main.c",
  ]);
  check({ args: "TODO", says: "cat: TODO: No such file or directory" }, ["TODO: not granted; add --ro TODO"]);
  check({ args: "with/space", says: "" }, []);
});

test("missingGrants() names the paths that a program complains of", () => {
  check({ says: "cannot open '/etc/passwd': No such file or directory" }, [
    "/etc/passwd: not granted; add --ro /etc/passwd",
  ]);
  check({ says: "[Errno 44] No such file or directory: '/etc/hosts'" }, [
    "/etc/hosts: not granted; add --ro /etc/hosts",
  ]);
  check({ says: "open ./src/main.c: no such file or directory" }, ["./src/main.c: not granted; add --ro ./src/main.c"]);
  check({ args: "TODO", says: "rg: .: No such file or directory" }, [".: not granted; add --ro ."]);
});

test("missingGrants() tells reading from writing", () => {
  const says = "open: src/out.o: Read-only file system";
  check({ args: "src/out.o", words: { mounts: [src] }, says }, ["src/out.o: granted for reading only; add --rw src"]);
  check({ args: "src/out.o", says: "open: src/out.o: No such file or directory" }, [
    "src/out.o: not granted; add --rw src",
  ]);
  check({ args: "/s/x", words: { mounts: [{ ...src, target: "/s" }] }, says: "/s/x: Read-only file system" }, [
    `/s/x: granted for reading only; add --rw ${folder}/src:/s`,
  ]);
});

test("missingGrants() says nothing of what is granted, or is not here, or may be no path", () => {
  check({ args: "TODO src", words: { mounts: [src] }, says: "src/none: No such file or directory" }, []);
  check(
    {
      args: "src/main.c",
      words: { mounts: [{ ...src, source: ".", target: "." }] },
      says: "src/main.c: bad: not found",
    },
    [],
  );
  check({ args: "./none ../none/none", says: "./none: No such file or directory" }, [
    "./none: not granted; add --rw .",
  ]);
  check({ args: "TODO", says: "no matches" }, []);
  check({ args: "./src", says: "syntax error in pattern" }, []);
});

test("missingGrants() names variables that are complained of and are here", () => {
  check({ says: "$HOME is not defined" }, ["HOME: not granted; add --env HOME"]);
  check({ says: "NONE is not set" }, []);
  check({ says: "HOME: /root" }, []);
  check({ says: "PATH not set", words: { env: { PATH: "/" } } }, []);
});

test("missingGrants() names what of the network was refused, once", () => {
  const to = { ip: "192.0.2.7", port: 443 };
  check(
    {
      network: [
        { kind: "connect", to },
        { kind: "connect", to },
        { kind: "send", to: { ip: "2001:db8::1", port: 53 } },
        { kind: "connect", to, name: "api.example.com" },
        { kind: "resolve", name: "example.com" },
      ],
    },
    [
      "192.0.2.7:443: not granted; add --net 192.0.2.7:443",
      "[2001:db8::1]:53: not granted; add --net [2001:db8::1]:53/udp",
      "api.example.com:443: not granted; add --net api.example.com:443",
      "example.com: not granted; add --net example.com:PORT",
    ],
  );
});

test("missingGrants() names unix sockets that were refused, as --net takes them", () => {
  const paths = ["/run/a b.sock", "./x", "x", "/run/a:b", "", "\0name"];
  check({ network: paths.map((path) => ({ kind: "connect-unix", path })) }, [
    "/run/a b.sock: not granted; add --net 'unix:/run/a b.sock'",
    "./x: not granted; add --net unix:./x",
    "x: not granted; add --net unix:./x:x",
    "/run/a:b: not granted; add --net unix:/run/a:b:/run/a:b",
  ]);
});

test("missingGrants() takes no unix socket for a file", async () => {
  const server = createServer().listen("src/socket");
  await once(server, "listening");
  check({ args: "./src/socket" }, ["./src/socket: not granted; add --net unix:./src/socket"]);
  check({ args: "./src/socket", words: { unix: [{ path: "./src/socket", source: "src/socket" }] } }, []);
  check({ args: "./src/none", network: [{ kind: "connect-unix", path: "./src/none" }] }, [
    "./src/none: not granted; add --net unix:./src/none",
  ]);
  server.close();
});

test("missingGrants() says when the memory was not enough", () => {
  const words = { memory: "16MiB" };
  const expected = ["memory: no more than 16777216 bytes are granted; add --memory 32MiB"];
  check({ words, says: "fatal: out of memory" }, expected);
  check({ words, memoryBytes: 2 ** 24 - 65536 }, expected);
  check({ words, memoryBytes: 2 ** 22 }, []);
  check({ says: "fatal: out of memory" }, []);
});
