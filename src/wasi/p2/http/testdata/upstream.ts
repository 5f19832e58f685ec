import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcp, type Socket, type Server as TcpServer } from "node:net";
import { parseOutboundGrant } from "../../../../base/outbound-grant.ts";

export const loopbackGrant = (port: number): ReturnType<typeof parseOutboundGrant> =>
  parseOutboundGrant(`127.0.0.1:${port}`);

/** A server that guests call out to. */
export class Upstream {
  readonly server: Server | TcpServer;
  readonly sockets = new Set<Socket>();
  /** Connections ever made to it. */
  connections = 0;
  port = 0;

  private constructor(server: Server | TcpServer) {
    this.server = server;
    server.on("connection", (socket: Socket) => {
      this.connections++;
      this.sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.sockets.delete(socket));
    });
  }

  static http(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<Upstream> {
    return new Upstream(createHttp({ keepAliveTimeout: 0 }, handler)).#listen();
  }

  /** One that is told each connection, and writes whatever it likes. */
  static raw(serve: (socket: Socket) => void): Promise<Upstream> {
    return new Upstream(createTcp(serve)).#listen();
  }

  async #listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.port = (this.server.address() as AddressInfo).port;
    return this;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}
