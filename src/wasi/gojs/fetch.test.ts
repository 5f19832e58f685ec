import assert from "node:assert/strict";
import { test } from "node:test";
import { type Conduit, resetConduit } from "../../base/conduit.ts";
import { Dialler } from "../sockets/dialler.ts";
import { OutboundStub, outsidePair } from "../sockets/testdata/outbound-stub.ts";
import { VirtualNetwork } from "../sockets/virtual-network.ts";
import { makeFetch } from "./fetch.ts";
import { assertConfined } from "./testdata/assert-confined.ts";
import { ScriptBytes, ScriptFunction, ScriptObject, type Value } from "./value.ts";

const begin = () => (run: () => void) => run();

function make() {
  const outbound = new OutboundStub();
  const end = new AbortController();
  const { fetch, ...classes } = makeFetch({
    dialler: new Dialler(new VirtualNetwork(), outbound),
    begin,
    end: end.signal,
  });
  const send = (init: Readonly<Record<string, Value>> = {}) =>
    settled(fetch.call(undefined, ["http://192.0.2.7:81/path", new ScriptObject(init)]));
  return { outbound, end, send, classes };
}

function call(target: Value, name: string, ...args: Value[]): Value {
  assert.ok(target instanceof ScriptObject);
  const found = target.get(name);
  assert.ok(found instanceof ScriptFunction, name);
  return found.call(target, args);
}

/** What a promise of the program's gives, or the error that it rejects by. */
function settled(promise: Value): Promise<ScriptObject> {
  return new Promise((resolve) => {
    const take = new ScriptFunction((_self, [value]) => {
      assert.ok(value instanceof ScriptObject);
      resolve(value);
      return undefined;
    });
    call(promise, "then", take, take);
  });
}

/** The server's end of the connection that is opened next, once there is a request on it. */
async function accept(outbound: OutboundStub): Promise<{ far: Conduit; head: string }> {
  while (outbound.connects.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const { to, settle } = outbound.connects.shift()!;
  assert.deepEqual(to, { ip: "192.0.2.7", port: 81 });
  const [near, far] = outsidePair(to);
  let head = "";
  return new Promise((resolve) => {
    far.input.onReadable = () => {
      head += Buffer.from(far.input.shift() ?? []).toString();
      if (head.includes("\r\n\r\n")) resolve({ far, head });
    };
    settle(near);
  });
}

test("an answer leads to nothing but values of ours, and comes a piece a call", async () => {
  const { outbound, send } = make();
  const answer = send();
  const { far, head } = await accept(outbound);
  assert.match(head, /^GET \/path HTTP\/1\.1\r\n/);
  assert.match(head, /host: 192\.0\.2\.7:81\r\n/i);
  far.output.push(Buffer.from("HTTP/1.1 200 OK\r\nConstructor: x\r\n__proto__: y\r\nContent-Length: 6\r\n\r\none"));
  const response = await answer;
  assert.ok(assertConfined(response, "response") > 10);
  const entries = call(response.get("headers"), "entries");
  assert.ok(assertConfined(call(entries, "next"), "header") > 3);
  const reader = call(response.get("body"), "getReader");
  assertConfined(reader, "reader");
  const pieces: string[] = [];
  for (;;) {
    const promise = call(reader, "read");
    assertConfined(promise, "promise");
    const result = await settled(promise);
    assertConfined(result, "result");
    if (result.get("done") === true) break;
    const value = result.get("value");
    assert.ok(value instanceof ScriptBytes);
    pieces.push(Buffer.from(value.bytes).toString());
    if (pieces.length === 1) far.output.push(Buffer.from("two"));
  }
  assert.deepEqual(pieces, ["one", "two"]);
});

test("what fails is an object of ours with a message", async () => {
  const { outbound, send } = make();
  const answer = send();
  const { far } = await accept(outbound);
  resetConduit(far);
  const error = await answer;
  assert.equal(error.get("name"), "TypeError");
  assert.equal(typeof error.get("message"), "string");
  assert.ok(assertConfined(error, "error") > 3);
});

test("a field or a method with a line's end in it is refused, not sent", async () => {
  const { outbound, send, classes } = make();
  const headers = classes.Headers.construct?.([]);
  call(headers, "append", "x", "a\r\nHost: other");
  for (const init of [{ headers: headers ?? null }, { method: "GET / HTTP/1.1\r\nX: y\r\n\r\nGET" }]) {
    const answer = send(init);
    while (outbound.connects.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const { to, settle } = outbound.connects.shift()!;
    const [near, far] = outsidePair(to);
    settle(near);
    assert.equal((await answer).get("name"), "TypeError");
    assert.equal(far.input.bytes, 0);
  }
});

test("a request that the program gives up ends its connection, and so does the program's end", async () => {
  const { outbound, end, send, classes } = make();
  const controller = classes.AbortController.construct?.([]);
  assert.ok(controller instanceof ScriptObject);
  const signal = controller.get("signal");
  for (const [init, giveUp] of [
    [{ signal }, () => call(controller, "abort")],
    [{}, () => end.abort()],
  ] as const) {
    const answer = send(init);
    const { far } = await accept(outbound);
    giveUp();
    assert.equal((await answer).get("name"), "AbortError");
    while (!far.output.cancelled) await new Promise((resolve) => setImmediate(resolve));
  }
});
