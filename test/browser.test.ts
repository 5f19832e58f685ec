import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { requireToolchain } from "./guests/build.ts";
import { buildGoGuest } from "./guests/go.ts";
import { TestDaemon } from "./support/daemon.ts";

const executablePath = "/usr/bin/chromium";

/** Undefined, and the test skipped, where there is none. */
async function browserFor(t: TestContext): Promise<Browser | undefined> {
  if (!existsSync(executablePath)) {
    if (process.env.WARREN_TOOLCHAINS === "required") throw new Error(`there is no ${executablePath}`);
    t.skip(`there is no browser: apt-get install chromium`);
    return undefined;
  }
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  t.after(() => browser.close());
  return browser;
}

test("a browser uses a service over TLS and HTTP/2, with a WebSocket and server-sent events", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const browser = await browserFor(t);
  if (browser === undefined) return;
  const daemon = await TestDaemon.start(t, { workers: 2, args: ["--https", "127.0.0.1:0"] });
  await daemon.deployBytes("web", await buildGoGuest("go-services"), {
    args: ["http"],
    limits: { memory: "512MiB" },
    route: [{ host: "web.localhost", port: 8080 }],
  });
  const origin = `https://web.localhost:${daemon.httpsPort}`;
  // Each context has connections of its own, of which the workers get one or the other.
  for (let round = 0; round < 4; round++) {
    const context: BrowserContext = await browser.newContext({ ignoreHTTPSErrors: true });
    const page: Page = await context.newPage();
    const errors: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    assert.equal((await page.goto(`${origin}/page`))?.status(), 200);
    const seen = await page.evaluate(async () => {
      const { nextHopProtocol } = performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming;
      const many = await Promise.all(Array.from({ length: 40 }, async (_, i) => (await fetch(`/hello/${i}`)).text()));
      const long = "x".repeat(300_000);
      const posted = await fetch("/echo", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ long }),
      });
      const echoed = (await posted.json()) as { long: string };

      const socket = new WebSocket(`wss://${location.host}/ws`);
      const said = await new Promise<string[]>((resolve, reject) => {
        const texts: string[] = [];
        socket.onopen = () => socket.send("one");
        socket.onerror = () => reject(new Error("the WebSocket failed"));
        socket.onmessage = ({ data }) => {
          texts.push(data as string);
          if (texts.length === 1) socket.send("two");
          else socket.close(1000, "enough");
        };
        socket.onclose = ({ code }) => resolve([...texts, String(code)]);
      });

      const source = new EventSource("/events");
      const events = await new Promise<string[]>((resolve, reject) => {
        const texts: string[] = [];
        source.onerror = () => reject(new Error("the events ended"));
        source.onmessage = ({ data }) => {
          texts.push(data as string);
          if (texts.length === 3) resolve(texts);
          else fetch("/seen", { method: "POST" }).catch(reject);
        };
      });
      source.close();
      return { nextHopProtocol, many, echoed: echoed.long === long, said, events };
    });
    assert.deepEqual(seen, {
      nextHopProtocol: "h2",
      many: Array.from({ length: 40 }, (_, i) => `hello ${i}`),
      echoed: true,
      said: ["you said one", "you said two", "1000"],
      events: ["1", "2", "3"],
    });
    assert.deepEqual(errors, []);
    await context.close();
  }
});

test("a browser trusts no certificate of this machine's own authority before it is told to", async (t) => {
  const browser = await browserFor(t);
  if (browser === undefined) return;
  const daemon = await TestDaemon.start(t, { workers: 1, args: ["--https", "127.0.0.1:0"] });
  await daemon.client.putService("default", {
    name: "site",
    route: [{ host: "site.localhost", respond: { status: 200, body: "here", type: "text/plain" } }],
  });
  const origin = `https://site.localhost:${daemon.httpsPort}`;
  const page = await browser.newPage();
  await assert.rejects(page.goto(origin), /ERR_CERT_AUTHORITY_INVALID/);
});
