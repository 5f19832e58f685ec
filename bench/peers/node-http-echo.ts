// The least that a server on node:http does to give a body back as it comes.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const server = createServer((request, response) => {
  response.setHeader("content-type", "application/octet-stream");
  request.pipe(response);
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
