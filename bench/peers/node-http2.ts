// The least that a server on node:http2 does, in cleartext.
import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";

const server = createServer();
server.on("stream", (stream: ServerHttp2Stream) => {
  stream.respond({ ":status": 200, "content-type": "text/plain" });
  stream.end("Hello from node:http2\n");
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
