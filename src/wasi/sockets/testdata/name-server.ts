import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { formatAnswer, parseQuestion, responseCode } from "../dns-message.ts";

/** A name server on a UDP port of this machine, for tests: asks `answer` for the addresses of each name. */
export class TestNameServer implements AsyncDisposable {
  readonly questions: string[] = [];
  readonly #socket: Socket;

  private constructor(socket: Socket, answer: (name: string) => readonly string[] | undefined) {
    this.#socket = socket;
    socket.on("message", (query, from) => {
      const question = parseQuestion(query);
      if (question === undefined) return;
      this.questions.push(question.name);
      const addresses = answer(question.name);
      const code = addresses === undefined ? responseCode.noSuchName : responseCode.ok;
      socket.send(formatAnswer(query, question, code, addresses ?? []), from.port, from.address);
    });
  }

  static async start(answer: (name: string) => readonly string[] | undefined): Promise<TestNameServer> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return new TestNameServer(socket, answer);
  }

  /** `127.0.0.1:PORT`. */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }
}
