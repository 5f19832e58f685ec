import { createSocket } from "node:dgram";
import { request } from "node:http";
import { WarrenError } from "../../base/errors.ts";

const answerMsMax = 10_000;
const answerBytesMax = 64 * 1024;

export interface Answer {
  readonly status: string;
  readonly text: string;
  readonly ms: number;
}

/** GET / with a Host header, as a browser asks for http://HOST:PORT/. Throws `demo.call`. */
export function callHttp(port: number, host: string): Promise<Answer> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: "127.0.0.1",
        port,
        path: "/",
        headers: { host: `${host}:${port}`, accept: "text/plain" },
        agent: false,
        signal: AbortSignal.timeout(answerMsMax),
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text = (text + chunk).slice(0, answerBytesMax);
        });
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: String(response.statusCode), text, ms: performance.now() - started }),
        );
      },
    );
    call.on("error", (error) =>
      reject(
        new WarrenError("demo.call", `http://${host}:${port}/ did not answer: ${error.message}`, { cause: error }),
      ),
    );
    call.end();
  });
}

/** One datagram there and its echo back. Throws `demo.call`. */
export function callUdp(port: number, message: string): Promise<Answer> {
  const started = performance.now();
  const socket = createSocket("udp4");
  return new Promise<Answer>((resolve, reject) => {
    const fail = (why: string) =>
      reject(new WarrenError("demo.call", `udp://127.0.0.1:${port} did not answer: ${why}`));
    const timer = setTimeout(() => fail(`nothing came back within ${answerMsMax / 1000} s`), answerMsMax);
    socket.once("error", (error) => fail(error.message));
    socket.once("message", (data) =>
      resolve({ status: "echo", text: data.toString(), ms: performance.now() - started }),
    );
    socket.once("close", () => clearTimeout(timer));
    socket.send(message, port, "127.0.0.1");
  }).finally(() => socket.close());
}
