// The least that a server on node:http does.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const server = createServer((_request, response) => {
  response.setHeader("content-type", "text/plain");
  response.end("Hello from node:http\n");
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
