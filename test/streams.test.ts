import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect as tlsConnect } from "node:tls";
import { clientHello } from "../src/net/tls/test-hello.ts";
import { requireToolchain } from "./guests/build.ts";
import { makePair } from "./support/certificates.ts";
import { TestDaemon } from "./support/daemon.ts";
import { freePort } from "./support/ports.ts";

/** What comes back to a socket that hears of nobody else than whom it asks. Asks again until something does: datagrams get lost. */
async function askUdp(t: TestContext, ip: string, port: number, text: string): Promise<string> {
  const socket = createSocket(ip.includes(":") ? "udp6" : "udp4");
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.on("message", (data) => resolve(data.toString()));
  // Nobody listens there for a moment.
  socket.on("error", () => {});
  const ask = (): void => socket.send(text);
  socket.connect(port, ip, ask);
  const again = setInterval(ask, 200);
  const end = (): void => {
    clearInterval(again);
    socket.close();
  };
  t.signal.addEventListener("abort", end, { once: true });
  const answer = await promise;
  t.signal.removeEventListener("abort", end);
  end();
  return answer;
}

async function askTcp(ip: string, port: number, text: string): Promise<string> {
  const socket = connect(port, ip);
  socket.end(text);
  return (await socket.toArray()).join("");
}

async function requests(daemon: TestDaemon, name: string): Promise<number> {
  return (await daemon.client.getService("default", name)).service.requests;
}

test("services share a UDP port by the address that is dialled, in any worker, through restarts and takeover", async (t) => {
  if (!(await requireToolchain(t, "assemblyscript"))) return;
  const daemon = await TestDaemon.start(t);
  const port = await freePort();
  const listen = `udp://:${port}`;
  await daemon.deploy("every", "udp-echo", { route: [{ listen }] });
  await daemon.deploy("two", "udp-echo", { route: [{ listen, ip: "127.0.0.2" }] });
  await daemon.deploy("three", "udp-echo", { route: [{ listen, ip: "127.0.0.3" }] });
  await daemon.deploy("six", "udp-echo", { route: [{ listen: `udp://[::]:${port}` }] });
  const places = [
    ["127.0.0.1", "every"],
    ["127.0.0.2", "two"],
    ["127.0.0.3", "three"],
    ["127.0.0.4", "every"],
    ["::1", "six"],
  ] as const;
  const check = async (): Promise<void> => {
    for (const [ip, name] of places) {
      const before = await requests(daemon, name);
      assert.equal(await askUdp(t, ip, port, `to ${ip}`), `to ${ip}`);
      assert.ok((await requests(daemon, name)) > before, `${ip} is ${name}'s`);
    }
  };
  await check();
  await assert.rejects(daemon.deploy("other", "udp-echo", { route: [{ listen: `udp://127.0.0.2:${port}` }] }), {
    code: "route.conflict",
  });
  await daemon.client.restartService("default", "two");
  await check();
  await daemon.kill("SIGKILL");
  await daemon.launch();
  await check();
  for (const pid of daemon.workerPids()) process.kill(pid, "SIGKILL");
  for (const [ip] of places) assert.equal(await askUdp(t, ip, port, `to ${ip}`), `to ${ip}`);
  // The address falls to who has them all.
  await daemon.client.deleteService("default", "three");
  const before = await requests(daemon, "every");
  assert.equal(await askUdp(t, "127.0.0.3", port, "x"), "x");
  assert.ok((await requests(daemon, "every")) > before);
});

test("services share a TCP port by the address that is dialled", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { http: "0.0.0.0:0" });
  const port = await freePort();
  const listen = `tcp://0.0.0.0:${port}`;
  await daemon.deploy("two", "c-tcp-echo", { route: [{ listen, ip: "127.0.0.2" }] });
  await daemon.deploy("three", "c-tcp-echo", {
    route: [
      { listen, ip: "127.0.0.3" },
      { listen: `tcp://[::]:${port}`, ip: "::1" },
    ],
  });
  for (const [ip, name] of [
    ["127.0.0.2", "two"],
    ["127.0.0.3", "three"],
    ["::1", "three"],
  ] as const) {
    const before = await requests(daemon, name);
    for (let i = 0; i < 4; i++) assert.equal(await askTcp(ip, port, `hello ${i}`), `hello ${i}`);
    assert.equal(await requests(daemon, name), before + 4);
  }
  await assert.rejects(askTcp("127.0.0.1", port, "x"), { code: "ECONNRESET" });
  await daemon.deploy("every", "c-tcp-echo", { route: [{ listen }] });
  assert.equal(await askTcp("127.0.0.1", port, "x"), "x");
  // A listener of its own, beside the one for every address.
  await daemon.deploy("four", "c-tcp-echo", { route: [{ listen: `tcp://127.0.0.4:${port}` }] });
  for (let life = 0; life < 2; life++) {
    for (let i = 0; i < 4; i++) assert.equal(await askTcp("127.0.0.4", port, "x"), "x");
    assert.ok((await requests(daemon, "four")) >= 4);
    if (life === 1) break;
    await daemon.kill("SIGKILL");
    await daemon.launch();
  }
  const other = createServer();
  await assert.rejects(
    new Promise((resolve, reject) => {
      other.on("error", reject);
      other.listen({ port, host: "127.0.0.5", reusePort: true }, () => resolve(undefined));
    }),
    { code: "EADDRINUSE" },
  );
  await assert.rejects(daemon.deploy("http", "c-tcp-echo", { route: [{ listen: `tcp://127.0.0.5:${daemon.port}` }] }));
});

test("HTTP is served on IPv4 and IPv6, each a listener of its own on one port", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const port = await freePort();
  const daemon = await TestDaemon.start(t, { http: `0.0.0.0:${port}`, args: ["--http", `[::]:${port}`] });
  await daemon.deploy("four", "c-hello", { route: [{ host: "hello.test", ip: "127.0.0.2" }] });
  await daemon.deploy("six", "c-hello", { route: [{ host: "hello.test", ip: "0:0::1" }] });
  const request = "GET / HTTP/1.1\r\nHost: hello.test\r\nConnection: close\r\n\r\n";
  for (const [ip, status] of [
    ["127.0.0.1", 404],
    ["127.0.0.2", 200],
    ["::1", 200],
  ] as const) {
    const socket = connect(port, ip);
    socket.write(request);
    assert.match((await socket.toArray()).join(""), new RegExp(`^HTTP/1\\.1 ${status} `));
  }
  assert.deepEqual([await requests(daemon, "four"), await requests(daemon, "six")], [1, 1]);
});

test("the PROXY protocol comes in from whom the operator names, and goes out to guests that ask for it", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { args: ["--proxy-from", "127.0.0.1/32"] });
  const port = await freePort();
  const listen = `tcp://0.0.0.0:${port}`;
  // Several, so that connections are passed to the other worker.
  for (const [name, ip, proxy] of [
    ["one", "198.51.100.1", "v1"],
    ["two", "198.51.100.2", "v1"],
    ["three", "127.0.0.2", "v2"],
  ] as const)
    await daemon.deploy(name, "c-tcp-echo", { route: [{ listen, ip, proxy }] });
  for (let i = 0; i < 8; i++) {
    const line = `PROXY TCP4 192.0.2.1 198.51.100.${1 + (i % 2)} 40000 443\r\n`;
    // What the guest is told, it sends back.
    assert.equal(await askTcp("127.0.0.1", port, `${line}hello`), `${line}hello`);
  }
  await assert.rejects(askTcp("127.0.0.1", port, "hello"), { code: "ECONNRESET" });
  const direct = connect({ port, host: "127.0.0.2", localAddress: "127.0.0.3" });
  direct.end("PROXY");
  const told = Buffer.concat(await direct.toArray());
  assert.equal(told.toString("latin1", 28), "PROXY");
  assert.deepEqual([...told.subarray(12, 24)], [0x21, 0x11, 0, 12, 127, 0, 0, 3, 127, 0, 0, 2]);

  await daemon.deploy("hello", "c-hello");
  const request = "GET / HTTP/1.1\r\nHost: hello.localhost\r\nConnection: close\r\n\r\n";
  const proxied = connect(daemon.port, "127.0.0.1");
  proxied.write(`PROXY TCP4 192.0.2.1 198.51.100.1 40000 80\r\n${request}`);
  assert.match((await proxied.toArray()).join(""), /^HTTP\/1\.1 200 /);
});

test("the PROXY protocol comes in before TLS, and goes out before a hello that is passed through", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const directory = mkdtempSync(join(tmpdir(), "warren-streams-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const { chain, key } = makePair(["hello.test"]);
  writeFileSync(join(directory, "hello.pem"), key + chain);
  const args = ["--proxy-from", "127.0.0.1", "--https", "127.0.0.1:0", "--tls", directory];
  const daemon = await TestDaemon.start(t, { args });
  await daemon.deploy("hello", "c-hello", { route: [{ host: "hello.test", ip: "198.51.100.1" }] });
  await daemon.deploy("own", "c-tcp-echo", { route: [{ host: "own.test", tls: "passthrough", proxy: "v1" }] });
  const line = (local: string) => `PROXY TCP4 192.0.2.1 ${local} 40000 443\r\n`;
  for (const [local, status] of [
    ["198.51.100.1", "200"],
    ["198.51.100.2", "404"],
  ] as const) {
    for (let i = 0; i < 4; i++) {
      const carrier = connect(daemon.httpsPort, "127.0.0.1");
      carrier.write(line(local));
      const socket = tlsConnect({ socket: carrier, servername: "hello.test", ca: chain });
      socket.write("GET / HTTP/1.1\r\nHost: hello.test\r\nConnection: close\r\n\r\n");
      assert.match((await socket.toArray()).join(""), new RegExp(`^HTTP/1\\.1 ${status} `));
    }
  }
  // What the guest gets, it sends back.
  const sent = Buffer.concat([Buffer.from(line("198.51.100.3")), await clientHello({ servername: "own.test" })]);
  for (let i = 0; i < 4; i++) {
    const socket = connect(daemon.httpsPort, "127.0.0.1");
    socket.end(sent);
    assert.deepEqual(Buffer.concat(await socket.toArray()), sent);
  }
});
