import { oneOf, type Pick } from "../../src/base/testdata/random.ts";

const methods = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "PROPFIND"];
const targets = [
  "/",
  "/a",
  "/a/b.c?d=e&f",
  "/%41%2e?%20",
  "//a",
  "/a|b",
  "/?",
  "/a;b=c",
  "http://h/x?y",
  "HTTP://h",
  "*",
];
const hosts = ["h", "H", "h", "h", "h.", "h:80"];
const values = ["", "x", "a b", "a\tb", ":", "a:b", "\xe4", '"q"', "a,b", "0", "chunked", "GET / HTTP/1.1", "\x80\xff"];
const names = [
  "X",
  "x-y",
  "Accept",
  "!#$%&'*+-.^_`|~",
  "Cookie",
  "X_Y",
  "Content-Type",
  "content_length",
  "Transfer_Encoding",
];
const options = ["keep-alive", "close", "x", "Keep-Alive, x-y", "upgrade", ",", "X"];
const sizes = ["", "0", "00000"];
const extensions = ["", "", "", ";a", ";a=b", ';a="b"', ";;"];

/** What may go wrong, or nearly: put anywhere. */
const spice = [
  "\r",
  "\n",
  "\r\n",
  "\0",
  " ",
  "\t",
  ":",
  ",",
  ";",
  "0",
  "\r\n\r\n",
  "\r\n ",
  "Host: h\r\n",
  "Content-Length: 3\r\n",
  "Content-Length: 0\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: x\r\n",
  "Connection: close\r\n",
  "HTTP/1.1",
  "HTTP/1.0",
  "\xff",
  "0\r\n\r\n",
  "GET /s HTTP/1.1\r\nHost: h\r\n\r\n",
];

function text(pick: Pick, length: number): string {
  return Array.from({ length }, () => oneOf(pick, ["a", "\r", "\n", "\0", "0", "G", " ", "\xff", "\r\n", ";"])).join(
    "",
  );
}

function padded(pick: Pick, value: string): string {
  return `${oneOf(pick, ["", " ", " ", " ", "  ", "\t"])}${value}${oneOf(pick, ["", "", "", " "])}`;
}

function chunkedBody(pick: Pick): string {
  let body = "";
  for (let count = pick(5); count > 0; count--) {
    const data = text(pick, 1 + pick(20));
    const size = data.length.toString(16);
    body += `${oneOf(pick, sizes)}${pick(2) === 0 ? size : size.toUpperCase()}${oneOf(pick, extensions)}\r\n${data}\r\n`;
  }
  body += `0${oneOf(pick, sizes)}${oneOf(pick, extensions)}\r\n`;
  for (let count = pick(6) === 0 ? pick(3) : 0; count > 0; count--)
    body += `X-T${count}:${padded(pick, oneOf(pick, values))}\r\n`;
  return `${body}\r\n`;
}

/** A request as a client may write it who knows the whole grammar, and half of what is forbidden. */
function request(pick: Pick): string {
  const method = oneOf(pick, methods);
  const old = pick(12) === 0;
  const fields = [`Host:${padded(pick, oneOf(pick, hosts))}`];
  for (let count = pick(4); count > 0; count--)
    fields.push(`${oneOf(pick, names)}:${padded(pick, oneOf(pick, values))}`);
  if (pick(4) === 0) fields.push(`${oneOf(pick, ["Connection", "connection"])}:${padded(pick, oneOf(pick, options))}`);
  if (pick(15) === 0) fields.push("Expect: 100-continue");
  let body = "";
  const kind = pick(5);
  if (kind === 0) {
    body = text(pick, pick(40));
    fields.push(`Content-Length:${padded(pick, `${oneOf(pick, sizes)}${body.length}`)}`);
  } else if (kind === 1) {
    body = chunkedBody(pick);
    fields.push(`Transfer-Encoding: ${oneOf(pick, ["chunked", "Chunked", "chunked"])}`);
  }
  for (let index = fields.length - 1; index > 0; index--) {
    const other = pick(index + 1);
    [fields[index], fields[other]] = [fields[other]!, fields[index]!];
  }
  const head = `${method} ${oneOf(pick, targets)} HTTP/1.${old ? 0 : 1}\r\n${fields.map((line) => `${line}\r\n`).join("")}\r\n`;
  return head + body;
}

/** The bytes of one connection: requests one behind the other, and in every second a few things that went wrong. */
export function connection(pick: Pick): Buffer {
  let bytes = "";
  for (let count = 1 + pick(4); count > 0; count--) bytes += request(pick);
  for (let count = pick(2) === 0 ? 1 + pick(3) : 0; count > 0; count--) {
    const at = pick(bytes.length + 1);
    const way = pick(3);
    const put = way === 1 ? "" : oneOf(pick, spice);
    bytes = bytes.slice(0, at) + put + bytes.slice(at + (way === 0 ? 0 : pick(4)));
  }
  return Buffer.from(bytes, "latin1");
}
