import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Flow } from "../base/flow.ts";
import { Front } from "./front.ts";
import { frameType } from "./http2/frame-meter.ts";
import { frame, post, postFields, RawClient } from "./http2/raw-client.ts";
import { ServiceLimits } from "./limits/service-limits.ts";
import { ServicePolicy } from "./service-policy.ts";
import type { HttpTarget } from "./target.ts";
import { Client, exchange, listeningFd, newActivity, ok, streamTarget, until } from "./test-rig.ts";

const limits = new ServiceLimits({ bodyBytesMax: 10, connections: 100 }, 1);
const policy = new ServicePolicy({ limits });
let front: Front;
let port: number;
/** What guests have read. */
let seen = "";
let broken = 0;

const called: HttpTarget = {
  kind: "request",
  activity: newActivity(),
  policy,
  handle: (request) =>
    new Promise((resolve) => {
      request.body.onReadable = () => {
        for (let chunk = request.body.shift(); chunk !== undefined; chunk = request.body.shift())
          seen += Buffer.from(chunk).toString();
        if (request.body.failure !== undefined) broken++;
        if (!request.body.finished || request.body.failure !== undefined) return;
        const body = new Flow();
        body.end();
        resolve({ status: 200, headers: [], body });
      };
      request.body.onReadable();
    }),
};
const server = streamTarget((guest) => {
  let text = "";
  guest.input.onReadable = () => {
    for (let chunk = guest.input.shift(); chunk !== undefined; chunk = guest.input.shift())
      text += Buffer.from(chunk).toString();
    seen += text;
    if (guest.input.failure !== undefined) broken++;
    const [, head, body] = /^(.*?\r\n\r\n)(.*)$/s.exec(text) ?? ["", "", ""];
    const length = /^content-length: *(\d+)/im.exec(head!)?.[1];
    if (length === undefined ? !body!.endsWith("\r\n0\r\n\r\n") : body!.length < Number(length)) return;
    text = "";
    guest.output.push(Buffer.from(ok("served")));
  };
});

before(async () => {
  front = new Front();
  const listening = await listeningFd();
  port = listening.port;
  await front.addHttpListener("http", listening.fd);
  front.router.set("a", [{ listener: "http", host: "called", target: called }]);
  front.router.set("b", [{ listener: "http", host: "server", target: { ...server, policy } }]);
});
after(() => front.destroy());

for (const host of ["called", "server"]) {
  const head = `POST / HTTP/1.1\r\nHost: ${host}\r\n`;

  test(`a body of as many bytes as a service takes is taken, one byte more is refused: ${host}`, async () => {
    const text = await exchange(
      port,
      `${head}Content-Length: 10\r\n\r\n0123456789${head}Content-Length: 11\r\nConnection: close\r\n\r\n0123456789a`,
    );
    assert.match(text, /^HTTP\/1\.1 200 .*HTTP\/1\.1 413 Content Too Large\r\n.*\(limits\.body\)\n$/s);
    assert.equal(limits.connections, 0);
  });

  test(`a client that asks first hears that its body is too large before it sends any: ${host}`, async () => {
    const text = await exchange(port, `${head}Content-Length: 11\r\nExpect: 100-continue\r\n\r\n`);
    assert.match(text, /^HTTP\/1\.1 413 .*\r\nConnection: close\r\n/s);
  });

  test(`chunks are counted by their data, and none goes on that goes over the limit: ${host}`, async () => {
    const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n`;
    const client = new Client(port);
    client.send(`${chunked}${"1\r\nx\r\n".repeat(10)}0\r\n\r\n`);
    await client.untilText("HTTP/1.1 200");
    client.socket.destroy();
    seen = "";
    broken = 0;
    const text = await exchange(port, `${chunked}${"2\r\nyy\r\n".repeat(5)}1\r\nz`);
    assert.match(text, /^HTTP\/1\.1 413 .*\r\nConnection: close\r\n.*\(limits\.body\)\n$/s);
    await until(() => broken === 1);
    assert.doesNotMatch(seen, /z/);
    assert.equal(limits.connections, 0);
  });

  test(`a body of HTTP/2 is held to the same limit, announced or not: ${host}`, async () => {
    const fields = postFields.map(([name, value]) => [name, name === ":authority" ? host : value] as const);
    const client = new RawClient(port);
    client.send(
      post(1, [...fields, ["content-length", "11"]]),
      frame(frameType.data, 1, 1, Buffer.from("0123456789a")),
    );
    client.send(post(3, fields), frame(frameType.data, 0, 3, Buffer.from("0123456789")));
    client.send(post(5, fields), frame(frameType.data, 1, 5, Buffer.from("0123456789")));
    seen = "";
    await client.until(() => [1, 5].every((stream) => client.of(frameType.headers, stream).length === 1));
    client.send(frame(frameType.data, 0, 3, Buffer.from("z")));
    await client.until(() => client.of(frameType.headers, 3).length === 1);
    // Indexed or a literal, by the HPACK of node:http2: the status is the first field's value.
    const status = (stream: number): string => client.of(frameType.data, stream)[0]?.payload.toString() ?? "";
    await client.until(() => [1, 3].every((stream) => status(stream).includes("(limits.body)")));
    assert.doesNotMatch(seen, /z/);
    client.socket.destroy();
    await until(() => limits.connections === 0);
  });
}
