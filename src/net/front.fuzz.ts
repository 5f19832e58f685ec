import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { connection } from "../../test/http1/generate.ts";
import { type Request, seenForwarded, seenHere } from "../../test/http1/seen.ts";
import { oneOf, type Pick, seeded } from "../base/testdata/random.ts";
import { Front } from "./front.ts";
import { httpLimits } from "./http1/limits.ts";
import { ResponseHead } from "./http1/response-head.ts";
import { listeningFd, streamTarget, until } from "./test-rig.ts";

const rounds = Number(process.env.WARREN_FUZZ_ROUNDS ?? 300);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);

let front: Front;
let port: number;
/** What guests were asked, in order. */
let asked: Request[] = [];
/** What the second guest answers, whatever it is asked. */
let answer: Buffer = Buffer.alloc(0);

before(async () => {
  front = new Front();
  const listening = await listeningFd();
  port = listening.port;
  await front.addHttpListener("http", listening.fd);
  const echo = streamTarget((guest) => {
    let bytes = Buffer.alloc(0);
    let answered = 0;
    guest.input.onReadable = () => {
      for (let chunk = guest.input.shift(); chunk !== undefined; chunk = guest.input.shift())
        bytes = Buffer.concat([bytes, chunk]);
      const { requests } = seenForwarded(bytes);
      for (const request of requests.slice(answered)) {
        answered++;
        asked.push(request);
        const body = request.method === "HEAD" ? "" : request.body;
        guest.output.push(
          Buffer.from(
            `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nX-Target: ${asked.length}\r\n\r\n${body}`,
            "latin1",
          ),
        );
      }
      if (guest.input.finished) guest.output.end();
    };
  });
  const wrong = streamTarget((guest) => {
    guest.input.onReadable = () => {
      let any = false;
      for (let chunk = guest.input.shift(); chunk !== undefined; chunk = guest.input.shift()) any = true;
      if (any) guest.output.push(Buffer.from(answer));
      guest.output.end();
    };
  });
  front.router.set("echo", [{ listener: "http", target: echo }]);
  front.router.set("wrong", [{ listener: "http", host: "wrong", target: wrong }]);
});
after(() => front.destroy());

/** Sends bytes in pieces, half-closes, and gives what came until the other side ended or broke off. */
function send(bytes: Buffer, next: () => number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    let text = "";
    let at = 0;
    const more = (): void => {
      if (at >= bytes.length) {
        socket.end();
        return;
      }
      const to = Math.min(bytes.length, at + next());
      socket.write(bytes.subarray(at, to), () => setImmediate(more));
      at = to;
    };
    socket.on("connect", more);
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    socket.on("end", () => socket.end());
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });
}

interface Reply {
  readonly status: number;
  readonly body: string;
}

/** Answers as a client reads them who knows what it asked for. Throws for bytes that are none. */
function replies(text: string, methods: readonly string[]): Reply[] {
  const bytes = Buffer.from(text, "latin1");
  const result: Reply[] = [];
  const head = new ResponseHead(httpLimits);
  let at = 0;
  while (at < bytes.length) {
    head.reset();
    const end = head.parse(bytes, at);
    assert.ok(end > 0, `an answer that is not whole: ${JSON.stringify(text.slice(at))}`);
    at = end;
    if (head.status < 200) continue;
    const length = methods[result.length] === "HEAD" ? 0 : head.contentLength;
    result.push({ status: head.status, body: bytes.toString("latin1", at, at + length) });
    at += length;
  }
  return result;
}

test(`Front answers every request of ${rounds} connections, however their bytes are split (seed ${seed})`, async () => {
  const pick = seeded(seed);
  for (let round = 0; round < rounds; round++) {
    const bytes = connection(pick);
    const here = seenHere(bytes);
    const what = `round ${round}: ${JSON.stringify(bytes.toString("latin1"))}`;
    for (const next of [() => bytes.length, () => 1 + pick(60)]) {
      asked = [];
      const got = replies(await send(bytes, next), [...here.requests.map(({ method }) => method), "GET"]);
      const fine = got.filter(({ status }) => status === 200);
      // The guest was asked what is right, in order, and what is wrong is one answer at the end.
      assert.deepEqual(
        asked.map(({ method, body }) => ({ method, body })),
        here.requests.map(({ method, body }) => ({ method, body })),
        what,
      );
      const bodies = here.requests.map(({ method, body }) => (method === "HEAD" ? "" : body));
      // A client that breaks off within a body may lose what it has not read yet.
      assert.deepEqual(
        fine.map(({ body }) => body),
        bodies.slice(0, fine.length),
        what,
      );
      if (here.refused) {
        assert.equal(fine.length, bodies.length, what);
        assert.ok(got.length === fine.length + 1 && got.at(-1)!.status >= 400, what);
      } else assert.equal(got.length, fine.length, what);
    }
  }
  await until(() => front.connections === 0);
});

const answers = [
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
  "HTTP/1.0 200 OK\r\n\r\nhello",
  "HTTP/1.1 204 No Content\r\n\r\n",
  "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
  "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
  "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
];
const spice = [
  "\r",
  "\n",
  "\r\n",
  "\0",
  " ",
  ":",
  "\r\n\r\n",
  "Content-Length: 3\r\n",
  "Transfer-Encoding: chunked\r\n",
  "\xff",
];

function mutated(pick: Pick): Buffer {
  let text = oneOf(pick, answers) + (pick(3) === 0 ? oneOf(pick, answers) : "");
  for (let count = pick(4); count > 0; count--) {
    const at = pick(text.length + 1);
    text = text.slice(0, at) + (pick(2) === 0 ? oneOf(pick, spice) : "") + text.slice(at + pick(5));
  }
  return Buffer.from(text, "latin1");
}

test(`Front gives clients whole answers or none, whatever ${rounds} guests say (seed ${seed})`, async () => {
  const pick = seeded(seed);
  for (let round = 0; round < rounds; round++) {
    answer = mutated(pick);
    const text = await send(Buffer.from("GET / HTTP/1.1\r\nHost: wrong\r\nConnection: close\r\n\r\n"), () => 1000);
    const what = `round ${round}: ${JSON.stringify(answer.toString("latin1"))} became ${JSON.stringify(text)}`;
    const head = new ResponseHead(httpLimits);
    const bytes = Buffer.from(text, "latin1");
    let at = 0;
    do {
      head.reset();
      at = head.parse(bytes, at);
      assert.ok(at > 0, what);
    } while (head.status < 200 && at < bytes.length);
    assert.ok(head.status >= 200, what);
    assert.doesNotMatch(text.slice(0, at), /[^\r]\n|\r[^\n]|\0/, what);
    // Never a byte more than the answer's own framing says.
    if (head.contentLength >= 0 && !head.chunked) assert.ok(bytes.length - at <= head.contentLength, what);
  }
  await until(() => front.connections === 0);
});
