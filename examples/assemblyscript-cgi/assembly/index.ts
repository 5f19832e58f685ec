// A CGI program: it is started for each request, reads the request from its environment and standard input, writes headers
// and a body to standard output, and ends.

const method = variable("REQUEST_METHOD");
const path = variable("PATH_INFO");

if (path == "/" || path == "") {
  respond("200 OK", "Hello from AssemblyScript: it is " + new Date(Date.now()).toISOString() + "\n");
} else if (path == "/env") {
  let text = "";
  const names = process.env.keys();
  for (let i = 0; i < names.length; i++) text += names[i] + "=" + process.env.get(names[i]) + "\n";
  respond("200 OK", text);
} else if (path == "/echo" && method == "POST") {
  respond("200 OK", readAll());
} else if (path == "/abort") {
  throw new Error("aborted because I was asked to");
} else {
  respond("404 Not Found", "There are /, /env, /echo (POST) and /abort\n");
}

function variable(name: string): string {
  return process.env.has(name) ? process.env.get(name) : "";
}

/** The request's body, read to its end. */
function readAll(): string {
  const buffer = new ArrayBuffer(65536);
  let text = "";
  for (let n = process.stdin.read(buffer); n > 0; n = process.stdin.read(buffer)) {
    text += String.UTF8.decode(buffer.slice(0, n));
  }
  return text;
}

function respond(status: string, body: string): void {
  process.stdout.write("Status: " + status + "\nContent-Type: text/plain; charset=utf-8\n\n" + body);
}
