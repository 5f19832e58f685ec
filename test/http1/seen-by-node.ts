import { createServer } from "node:http";
import { Duplex } from "node:stream";
import { fieldList, type Request, type Seen } from "./seen.ts";

function pairs(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, index) => [raw[2 * index]!, raw[2 * index + 1]!]);
}

/** What node:http makes of bytes that come in pieces of at most `most` bytes: llhttp, strict as it is by default. */
export function seenByNode(bytes: Buffer, most: number): Promise<Seen> {
  return new Promise((resolve) => {
    const requests: Request[] = [];
    let refused = false;
    const server = createServer({ keepAliveTimeout: 0, joinDuplicateHeaders: false });
    server.on("request", (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("error", () => {});
      request.on("end", () => {
        requests.push({
          method: request.method ?? "",
          target: request.url ?? "",
          host: (request.headers.host ?? "").toLowerCase(),
          fields: fieldList(pairs(request.rawHeaders)),
          body: Buffer.concat(chunks).toString("latin1"),
          trailers: fieldList(pairs(request.rawTrailers)),
        });
        response.end();
      });
    });
    server.on("checkExpectation", (_, response) => {
      refused = true;
      response.writeHead(417).end();
    });
    server.on("clientError", (_, socket) => {
      refused = true;
      socket.destroy();
    });
    server.on("dropRequest", () => {
      refused = true;
    });
    let at = 0;
    let answers = "";
    const socket = new Duplex({
      read() {
        const from = at;
        at = Math.min(bytes.length, at + most);
        this.push(at === from ? null : bytes.subarray(from, at));
      },
      write(chunk: Buffer, _, callback) {
        answers += chunk.toString("latin1");
        callback();
      },
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      if (/^HTTP\/1\.1 4/m.test(answers)) refused = true;
      resolve({ requests, refused });
    });
    server.emit("connection", socket);
  });
}
