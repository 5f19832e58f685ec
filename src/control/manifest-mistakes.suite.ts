export const head = 'name = "shop"\nprogram = "shop.wasm"\n';

/** Manifests with one mistake each, and what the user reads: code, message, hint. */
export const mistakes: readonly (readonly [text: string, expected: string])[] = [
  [``, `manifest.missing-key | warren.toml: "name" is missing`],
  [`name = `, `manifest.syntax | warren.toml:1:8: not valid TOML: invalid value`],
  [
    `name = "shop"\nname = "b"`,
    `manifest.syntax | warren.toml:2:1: not valid TOML: trying to redefine an already defined table or value`,
  ],
  [`name = "shop"`, `manifest.missing-key | warren.toml: "program" is missing`],
  [`program = "a"`, `manifest.missing-key | warren.toml: "name" is missing`],
  [
    `${head}prot = 1`,
    `manifest.unknown-key | warren.toml:3: "prot" is not a known key | known keys: name, program, kind, reuse, args, env, route, mount, outbound, store, limits, access, isolation`,
  ],
  [
    `${head}zzzzzzzzzzzz = 1`,
    `manifest.unknown-key | warren.toml:3: "zzzzzzzzzzzz" is not a known key | known keys: name, program, kind, reuse, args, env, route, mount, outbound, store, limits, access, isolation`,
  ],
  [
    `nmae = "shop"\nprogram = "x"`,
    `manifest.unknown-key | warren.toml:1: "nmae" is not a known key | did you mean "name"?`,
  ],
  [
    `name = "Shop"\nprogram = "x"`,
    `manifest.bad-value | warren.toml:1: "name" must be lower-case letters, digits and -, at most 63, not "Shop"`,
  ],
  [
    `name = ""\nprogram="x"`,
    `manifest.bad-value | warren.toml:1: "name" must be lower-case letters, digits and -, at most 63, not ""`,
  ],
  [
    `name = "${"a".repeat(64)}"\nprogram="x"`,
    `manifest.bad-value | warren.toml:1: "name" must be lower-case letters, digits and -, at most 63, not "${"a".repeat(57)}..."`,
  ],
  [
    `name = 5\nprogram="x"`,
    `manifest.wrong-type | warren.toml:1: "name" must be a string, not 5 | write it in quotes: "5"`,
  ],
  [
    `name = "a"\nprogram = ""`,
    `manifest.bad-value | warren.toml:2: "program" must be the path of a wasm file, absolute or beside the manifest, not ""`,
  ],
  [`name="a"\nprogram = ["x"]`, `manifest.wrong-type | warren.toml:2: "program" must be a string, not a list`],
  [
    `${head}kind = "wagi"`,
    `manifest.bad-value | warren.toml:3: "kind" must be "server" or "cgi" or "handler", not "wagi"`,
  ],
  [`${head}kind = 1`, `manifest.bad-value | warren.toml:3: "kind" must be "server" or "cgi" or "handler", not 1`],
  [`${head}args = "x"`, `manifest.wrong-type | warren.toml:3: "args" must be a list, not "x"`],
  [
    `${head}args = [1]`,
    `manifest.wrong-type | warren.toml:3: "args" entry 1 must be a string, not 1 | write it in quotes: "1"`,
  ],
  [`${head}args = ["a\\u0000"]`, `manifest.bad-value | warren.toml:3: "args" entry 1 must not contain a NUL character`],
  [
    `${head}env = { PORT = 8080 }`,
    `manifest.wrong-type | warren.toml:3: "PORT" of [env] must be a string, not 8080 | write it in quotes: "8080"`,
  ],
  [
    `${head}[env]\nA = "1"\n"B-C" = "2"`,
    `manifest.bad-value | warren.toml:5: "B-C" of [env] is not a valid name: letters, digits and _, not beginning with a digit`,
  ],
  [`${head}env = ["A=1"]`, `manifest.wrong-type | warren.toml:3: "env" must be a table, not a list`],
  [`${head}env = 1979-05-27`, `manifest.wrong-type | warren.toml:3: "env" must be a table, not a date`],
  [
    `${head}[route]\nhost = "a.example"`,
    `manifest.wrong-type | warren.toml:3: "route" must be a list, not a table | write its header as [[route]]`,
  ],
  [
    `${head}[[route]]\nhsot = "a"`,
    `manifest.unknown-key | warren.toml:4: "hsot" of [[route]] 1 is not a known key | did you mean "host"?`,
  ],
  [
    `${head}[[route]]\n\nhost = "a b"`,
    `manifest.bad-host | warren.toml:5: "host" of [[route]] 1 is not a host name: "a b" | expected a name such as shop.example.com or *.example.com`,
  ],
  [
    `${head}[[route]]\nhost = "Shop.example.com"`,
    `manifest.bad-host | warren.toml:4: "host" of [[route]] 1 is not a host name: "Shop.example.com" | write it in lower case: shop.example.com`,
  ],
  [
    `${head}[[route]]\nhost = "http://shop.example.com/"`,
    `manifest.bad-host | warren.toml:4: "host" of [[route]] 1 is not a host name: "http://shop.example.com/" | expected a name without scheme or path, such as shop.example.com`,
  ],
  [
    `${head}[[route]]\nhost = "a.example:80"`,
    `manifest.bad-host | warren.toml:4: "host" of [[route]] 1 is not a host name: "a.example:80" | a route's host has no port`,
  ],
  [
    `${head}[[route]]\nhost = "127.0.0.1"`,
    `manifest.bad-host | warren.toml:4: "host" of [[route]] 1 is not a host name: "127.0.0.1" | an address goes into "ip"`,
  ],
  [
    `${head}[[route]]\nhost = "*a.example"`,
    `manifest.bad-host | warren.toml:4: "host" of [[route]] 1 is not a host name: "*a.example" | * stands only for the whole first label, as in *.example.com`,
  ],
  [
    `${head}[[route]]\nhost = "a.*.example"`,
    `manifest.bad-host | warren.toml:4: "host" of [[route]] 1 is not a host name: "a.*.example" | * stands only for the whole first label, as in *.example.com`,
  ],
  [
    `${head}[[route]]\nhost = ""`,
    `manifest.bad-host | warren.toml:4: "host" of [[route]] 1 is not a host name: "" | expected a name such as shop.example.com or *.example.com`,
  ],
  [
    `${head}[[route]]\nhost = "*"`,
    `manifest.bad-host | warren.toml:4: "host" of [[route]] 1 is not a host name: "*" | * stands only for the whole first label, as in *.example.com`,
  ],
  [
    `${head}[[route]]\nport = 0`,
    `manifest.bad-value | warren.toml:4: "port" of [[route]] 1 must be from 1 to 65535, not 0`,
  ],
  [
    `${head}[[route]]\nport = 70000`,
    `manifest.bad-value | warren.toml:4: "port" of [[route]] 1 must be from 1 to 65535, not 70000`,
  ],
  [
    `${head}[[route]]\nport = 80.5`,
    `manifest.bad-value | warren.toml:4: "port" of [[route]] 1 must be a whole number, not 80.5`,
  ],
  [
    `${head}[[route]]\nport = "80"`,
    `manifest.wrong-type | warren.toml:4: "port" of [[route]] 1 must be a whole number, not "80"`,
  ],
  [
    `${head}[[route]]\npath = "api"`,
    `manifest.bad-value | warren.toml:4: "path" of [[route]] 1 must begin with /, not "api"`,
  ],
  [
    `${head}[[route]]\npath = "/a/../b"`,
    `manifest.bad-path | warren.toml:4: "path" of [[route]] 1 is not a path prefix: "/a/../b" | expected a plain path such as /api: no query, no %, no //, no . or ..`,
  ],
  [
    `${head}[[route]]\npath = "/a%2f"`,
    `manifest.bad-path | warren.toml:4: "path" of [[route]] 1 is not a path prefix: "/a%2f" | expected a plain path such as /api: no query, no %, no //, no . or ..`,
  ],
  [
    `${head}[[route]]\npath = "/a?b"`,
    `manifest.bad-path | warren.toml:4: "path" of [[route]] 1 is not a path prefix: "/a?b" | expected a plain path such as /api: no query, no %, no //, no . or ..`,
  ],
  [
    `${head}[[route]]\nip = "300.1.1.1"`,
    `manifest.bad-value | warren.toml:4: "ip" of [[route]] 1 must be an IP address, not "300.1.1.1"`,
  ],
  [
    `${head}[[route]]\nlisten = "udp://"`,
    `manifest.bad-listen | warren.toml:4: "listen" of [[route]] 1 is wrong: "udp://" is not an address to listen on: expected tcp://ADDRESS:PORT or udp://ADDRESS:PORT, such as udp://:53`,
  ],
  [
    `${head}[[route]]\nlisten = "tcp://:0"`,
    `manifest.bad-listen | warren.toml:4: "listen" of [[route]] 1 is wrong: "tcp://:0" is not an address to listen on: the port must be from 1 to 65535`,
  ],
  [
    `${head}[[route]]\nlisten = "tcp://:99999"`,
    `manifest.bad-listen | warren.toml:4: "listen" of [[route]] 1 is wrong: "tcp://:99999" is not an address to listen on: the port must be from 1 to 65535`,
  ],
  [
    `${head}[[route]]\nlisten = "http://:80"`,
    `manifest.bad-listen | warren.toml:4: "listen" of [[route]] 1 is wrong: "http://:80" is not an address to listen on: expected tcp://ADDRESS:PORT or udp://ADDRESS:PORT, such as udp://:53`,
  ],
  [
    `${head}[[route]]\nlisten = "tcp://:5432"\nhost = "a.example"`,
    `manifest.bad-listen | warren.toml:5: "host" of [[route]] 1 cannot be used with listen = "tcp://…", which is not HTTP`,
  ],
  [
    `${head}kind = "cgi"\n[[route]]\nlisten = "tcp://:5432"`,
    `manifest.bad-listen | warren.toml:5: "listen" of [[route]] 1 cannot be used with kind = "cgi", which is called by HTTP only`,
  ],
  [
    `${head}[[route]]\nhost = "a.example"\n[[route]]\nhost = "b.example"\n[[route]]\nhost = "a.example"\npath = "/"`,
    `manifest.duplicate-route | warren.toml:7: [[route]] 3 takes the same traffic as route 1 | remove one of them`,
  ],
  [
    `${head}[[route]]\nlisten = "udp://:53"\n[[route]]\nlisten = "udp://0.0.0.0:53"`,
    `manifest.duplicate-route | warren.toml:5: [[route]] 2 takes the same traffic as route 1 | remove one of them`,
  ],
  [`${head}[[mount]]\nsource = "./data"`, `manifest.missing-key | warren.toml:3: "target" of [[mount]] 1 is missing`],
  [
    `${head}[[mount]]\nsource = "./data"\ntarget = "data"`,
    `manifest.bad-value | warren.toml:5: "target" of [[mount]] 1 must begin with /, not "data"`,
  ],
  [
    `${head}[[mount]]\nsource = "./data"\ntarget = "/data"\nmode = "rx"`,
    `manifest.bad-value | warren.toml:6: "mode" of [[mount]] 1 must be "ro" or "rw", not "rx"`,
  ],
  [
    `${head}[[mount]]\nsource = ""\ntarget = "/data"`,
    `manifest.bad-mount | warren.toml:4: "source" of [[mount]] 1 is not a path: ""`,
  ],
  [
    `${head}[[mount]]\ntarget = "/data"`,
    `manifest.bad-mount | warren.toml:3: [[mount]] 1 needs a source, a volume or a tmp`,
  ],
  [
    `${head}[[mount]]\nsource = "a"\ntmp = "1MiB"\ntarget = "/data"`,
    `manifest.bad-mount | warren.toml:5: "tmp" of [[mount]] 1 cannot be used together with source`,
  ],
  [
    `${head}[[mount]]\ntmp = "1MiB"\nmode = "ro"\ntarget = "/data"`,
    `manifest.bad-mount | warren.toml:5: "mode" of [[mount]] 1 must not be "ro" for a tmp, which is empty at first`,
  ],
  [
    `${head}[[mount]]\nvolume = "a"\ntmp = "1MiB"\ntarget = "/data"`,
    `manifest.bad-mount | warren.toml:5: "tmp" of [[mount]] 1 cannot be used together with volume`,
  ],
  [
    `${head}[[mount]]\nsource = "a"\nsize = "1MiB"\ntarget = "/data"`,
    `manifest.bad-mount | warren.toml:5: "size" of [[mount]] 1 is a volume's only`,
  ],
  [`${head}[[store]]\nas = "default"`, `manifest.missing-key | warren.toml:3: "name" of [[store]] 1 is missing`],
  [
    `${head}[[store]]\nname = "a"\n[[store]]\nname = "b"\nas = "a"`,
    `manifest.bad-store | warren.toml:7: "as" of [[store]] 2 repeats that of another store: "a"`,
  ],
  [
    `${head}[[store]]\nname = "a"\n[[store]]\nname = "a"`,
    `manifest.bad-store | warren.toml:6: "name" of [[store]] 2 repeats that of another store: "a"`,
  ],
  [
    `${head}[[store]]\nname = "a"\nsize = "1KiB"`,
    `manifest.bad-store | warren.toml:5: "size" of [[store]] 1 must be at least 64KiB, not "1KiB"`,
  ],
  [
    `${head}[[mount]]\nvolume = "../a"\ntarget = "/data"`,
    `manifest.bad-value | warren.toml:4: "volume" of [[mount]] 1 must be the name of a volume (lower-case letters, digits and -), a directory that the daemon keeps, not "../a"`,
  ],
  [
    `${head}[[mount]]\ntmp = "1KiB"\ntarget = "/data"`,
    `manifest.bad-mount | warren.toml:4: "tmp" of [[mount]] 1 must be at least 64KiB, not "1KiB"`,
  ],
  [
    `${head}[[mount]]\ntmp = "60MiB"\ntarget = "/a"\n[[mount]]\ntmp = "4MiB"\ntarget = "/b"\n[limits]\nmemory = "64MiB"`,
    `manifest.bad-mount | warren.toml:7: "tmp" of [[mount]] 2 leaves nothing of limits.memory, which is 64MiB | what a program holds in tmp is a part of its memory: raise limits.memory, or make tmp smaller`,
  ],
  [
    `${head}[[mount]]\nsource = "a"\ntarget = "/data"\n[[mount]]\nsource = "b"\ntarget = "/data/"`,
    `manifest.bad-mount | warren.toml:8: "target" of [[mount]] 2 repeats that of another mount: "/data/"`,
  ],
  [
    `${head}[[mount]]\nsource = "a"\ntarget = "/../etc"`,
    `manifest.bad-mount | warren.toml:5: "target" of [[mount]] 1 must be a plain absolute path, not "/../etc"`,
  ],
  [
    `${head}[limits]\nmemory = "64 MB"`,
    `manifest.bad-value | warren.toml:4: "memory" of [limits] must be a size such as 64MiB, not "64 MB"`,
  ],
  [
    `${head}[limits]\nmemory = 64`,
    `manifest.wrong-type | warren.toml:4: "memory" of [limits] must be a string, not 64 | write it in quotes: "64"`,
  ],
  [
    `${head}[limits]\nmemory = "1KiB"`,
    `manifest.bad-value | warren.toml:4: "memory" of [limits] must be from 64KiB to 4GiB, not "1KiB"`,
  ],
  [
    `${head}[limits]\nmemory = "5GiB"`,
    `manifest.bad-value | warren.toml:4: "memory" of [limits] must be from 64KiB to 4GiB, not "5GiB"`,
  ],
  [
    `${head}limits = { memroy = "1MiB" }`,
    `manifest.unknown-key | warren.toml:3: "memroy" of [limits] is not a known key | did you mean "memory"?`,
  ],
  [
    `${head}secrets = { A = "b" }`,
    `manifest.unsupported | warren.toml:3: "secrets" is not in this release | remove it for now`,
  ],
  [
    `${head}[[outbound]]\nunix = "/run/db.sock"\nport = 5432`,
    `manifest.bad-outbound | warren.toml:5: "port" of [[outbound]] 1 cannot be used with a unix socket`,
  ],
  [
    `${head}[[outbound]]\nunix = "/run/db.sock"\nas = ""`,
    `manifest.bad-outbound | warren.toml:5: "as" of [[outbound]] 1 is not a path: ""`,
  ],
  [
    `${head}[[outbound]]\nhost = "db.example"\nas = "/run/db.sock"`,
    `manifest.bad-outbound | warren.toml:5: "as" of [[outbound]] 1 is for unix sockets only`,
  ],
  [
    `${head}[[outbound]]`,
    `manifest.bad-outbound | warren.toml:3: [[outbound]] 1 names no host, no service and no unix socket`,
  ],
  [
    `${head}[[outbound]]\nhost = "a"\nservice = "b"`,
    `manifest.bad-outbound | warren.toml:5: "service" of [[outbound]] 1 cannot be used with a host | write two`,
  ],
  [
    `${head}[outbound]\nhost = "a"`,
    `manifest.wrong-type | warren.toml:3: "outbound" must be a list, not a table | write its header as [[outbound]]`,
  ],
  [
    `${head}[[outbound]]\nhots = "a"`,
    `manifest.unknown-key | warren.toml:4: "hots" of [[outbound]] 1 is not a known key | did you mean "host"?`,
  ],
  [
    `${head}[[outbound]]\nhost = "http://a.example"`,
    `manifest.bad-outbound | warren.toml:4: "host" of [[outbound]] 1 is wrong: "http://a.example" is not a host name, an address or a block of addresses | Write api.example.com, "*.example.com", 192.0.2.7 or 10.0.0.0/8.`,
  ],
  [
    `${head}[[outbound]]\nhost = "10.0.0.0/33"`,
    `manifest.bad-outbound | warren.toml:4: "host" of [[outbound]] 1 is wrong: "10.0.0.0/33" is not a host name, an address or a block of addresses | Write api.example.com, "*.example.com", 192.0.2.7 or 10.0.0.0/8.`,
  ],
  [
    `${head}[[outbound]]\nhost = "127.1"`,
    `manifest.bad-outbound | warren.toml:4: "host" of [[outbound]] 1 is wrong: "127.1" is not a host name, an address or a block of addresses | Write api.example.com, "*.example.com", 192.0.2.7 or 10.0.0.0/8.`,
  ],
  [
    `${head}[[outbound]]\nhost = "a"\nport = 0`,
    `manifest.bad-value | warren.toml:5: "port" of [[outbound]] 1 must be from 1 to 65535, not 0`,
  ],
  [
    `${head}[[outbound]]\nhost = "a"\nport = "http"`,
    `manifest.bad-value | warren.toml:5: "port" of [[outbound]] 1 must be a number, or a range such as 8000-8100, not "http"`,
  ],
  [
    `${head}[[outbound]]\nhost = "a"\nport = "9-8"`,
    `manifest.bad-outbound | warren.toml:5: "port" of [[outbound]] 1 is wrong: "9-8" is not a port from 1 to 65535 | write 443, "8000-8100", or leave it out for all of them`,
  ],
  [
    `${head}[[outbound]]\nhost = "a"\nport = true`,
    `manifest.bad-value | warren.toml:5: "port" of [[outbound]] 1 must be a whole number or a string, not true`,
  ],
  [
    `${head}[[outbound]]\nhost = "a"\nprotocol = "sctp"`,
    `manifest.bad-value | warren.toml:5: "protocol" of [[outbound]] 1 must be "tcp" or "udp", not "sctp"`,
  ],
  [
    `${head}[[outbound]]\nhost = "*.warren.internal"`,
    `manifest.bad-outbound | warren.toml:4: "host" of [[outbound]] 1 names no service: "*.warren.internal" | expected a name such as shop-db.warren.internal`,
  ],
  [
    `${head}[[outbound]]\nhost = "warren.internal"`,
    `manifest.bad-outbound | warren.toml:4: "host" of [[outbound]] 1 is not one service: "warren.internal" | name each, such as shop-db.warren.internal`,
  ],
  [
    `${head}[[outbound]]\nhost = "a.b.warren.internal"`,
    `manifest.bad-outbound | warren.toml:4: "host" of [[outbound]] 1 names no service: "a.b.warren.internal" | expected a name such as shop-db.warren.internal`,
  ],
  [
    `${head}[[outbound]]\nservice = "B"`,
    `manifest.bad-value | warren.toml:4: "service" of [[outbound]] 1 must be lower-case letters, digits and -, at most 63, not "B"`,
  ],
  [
    `${head}[[outbound]]\nservice = "db"\nprotocol = "udp"`,
    `manifest.bad-outbound | warren.toml:5: "protocol" of [[outbound]] 1 must be tcp for a service`,
  ],
  [
    `${head}[sleep]\nafter = "30s"`,
    `manifest.unsupported | warren.toml:3: "sleep" is not in this release | remove it for now`,
  ],
  [
    `${head}[health]\npath = "/"`,
    `manifest.unsupported | warren.toml:3: "health" is not in this release | remove it for now`,
  ],
  [
    `${head}instances = 2`,
    `manifest.unsupported | warren.toml:3: "instances" is not in this release | remove it for now`,
  ],
  [
    `${head}isolation = "namespace"`,
    `manifest.bad-value | warren.toml:3: "isolation" must be "shared" or "process", not "namespace"`,
  ],
  [
    `${head}isolation = true`,
    `manifest.bad-value | warren.toml:3: "isolation" must be "shared" or "process", not true`,
  ],
  [
    `${head}isolaton = "process"`,
    `manifest.unknown-key | warren.toml:3: "isolaton" is not a known key | did you mean "isolation"?`,
  ],
  [
    `${head}[limits]\ncpu = 0`,
    `manifest.bad-value | warren.toml:4: "cpu" of [limits] must be from 0.01 to 1024, not 0`,
  ],
  [
    `${head}[limits]\nrate = "ten a second"`,
    `manifest.bad-value | warren.toml:4: "rate" of [limits] must be a rate such as 100/s, 600/m or 1000/h, not "ten a second"`,
  ],
  [
    `${head}[limits.client]\nrate = "0/s"`,
    `manifest.bad-value | warren.toml:4: "rate" of [limits.client] must be a rate such as 100/s, 600/m or 1000/h, not "0/s"`,
  ],
  [
    `${head}[limits]\nclient = { rate = 10 }`,
    `manifest.wrong-type | warren.toml:4: "rate" of [limits.client] must be a string, not 10 | write it in quotes: "10"`,
  ],
  [
    `${head}[limits]\nqueue = 0`,
    `manifest.bad-value | warren.toml:4: "queue" of [limits] must be from 1 to 1024, not 0`,
  ],
  [
    `${head}[access]\nsample = 10`,
    `manifest.bad-value | warren.toml:4: "sample" of [access] must be from 0 to 1, not 10`,
  ],
  [
    `${head}[access]\nformat = "combined"`,
    `manifest.bad-value | warren.toml:4: "format" of [access] must be "json" or "common", not "combined"`,
  ],
  [
    `${head}[limits]\nweight = 0`,
    `manifest.bad-value | warren.toml:4: "weight" of [limits] must be from 1 to 10000, not 0`,
  ],
  [
    `${head}[[route]]\nlisten = "udp://:53"\nreplies = "any"`,
    `manifest.bad-value | warren.toml:5: "replies" of [[route]] 1 must be "bounded" or "unbounded", not "any"`,
  ],
  [
    `${head}[[route]]\nhost = "a.example.com"\nproxy = "v1"`,
    `manifest.bad-value | warren.toml:5: "proxy" of [[route]] 1 is for a route with listen = "tcp://…" or tls = "passthrough" only`,
  ],
  [
    `${head}[[route]]\nlisten = "udp://:53"\nidle = "1m"`,
    `manifest.bad-value | warren.toml:5: "idle" of [[route]] 1 is for a route with listen = "tcp://…" or tls = "passthrough" only`,
  ],
  [
    `${head}[[route]]\nlisten = "tcp://:53"\nidle = "long"`,
    `manifest.bad-value | warren.toml:5: "idle" of [[route]] 1 must be a duration such as 10m, not "long"`,
  ],
  [
    `${head}[[route]]\nlisten = "tcp://192.0.2.1:53"\nip = "192.0.2.2"`,
    `manifest.bad-value | warren.toml:5: "ip" of [[route]] 1 is another address than that of tcp://192.0.2.1:53`,
  ],
  [
    `${head}[[route]]\nwebsocket = "off"`,
    `manifest.bad-value | warren.toml:4: "websocket" of [[route]] 1 must be "check", not "off"`,
  ],
  [
    `${head}[[route]]\nlisten = "tcp://:53"\nwebsocket = "check"`,
    `manifest.bad-value | warren.toml:5: "websocket" of [[route]] 1 is for a route of the http listener only`,
  ],
  [
    `${head}[[route]]\nlisten = "tcp://:53"\nreplies = "unbounded"`,
    `manifest.bad-value | warren.toml:5: "replies" of [[route]] 1 is for a route with listen = "udp://…" only`,
  ],
  [
    `${head}[limits]\nrequest = "half an hour"`,
    `manifest.bad-value | warren.toml:4: "request" of [limits] must be a duration such as 30s, not "half an hour"`,
  ],
  [
    `${head}env = {\n  # a [comment]\n}\nargs = [\n  "x", """\n[[route]]\n""",\n]\nbad = 1`,
    `manifest.unknown-key | warren.toml:11: "bad" is not a known key | known keys: name, program, kind, reuse, args, env, route, mount, outbound, store, limits, access, isolation`,
  ],
  [
    `${head}[[route]]\nredirect = "//evil"`,
    `manifest.bad-value | warren.toml:4: "redirect" of [[route]] 1 cannot be redirected to: "//evil" | a redirect on the same host begins with a path such as /new`,
  ],
  [
    `${head}[[route]]\nredirect = "/a"\nrespond = { status = 503 }`,
    `manifest.bad-value | warren.toml:5: "respond" of [[route]] 1 cannot be used together with redirect | write two routes`,
  ],
  [
    `${head}[[route]]\nredirect = "/a"\nstatus = 200`,
    `manifest.bad-value | warren.toml:5: "status" of [[route]] 1 must be 301 or 302 or 303 or 307 or 308, not 200`,
  ],
  [
    `${head}[[route]]\nstatus = 308`,
    `manifest.bad-value | warren.toml:4: "status" of [[route]] 1 is of a redirect only`,
  ],
  [
    `${head}[[route]]\nredirect = "/a"\nport = 80`,
    `manifest.bad-value | warren.toml:5: "port" of [[route]] 1 cannot be used together with redirect`,
  ],
  [
    `${head}[[route]]\nrespond = { status = 204, body = "x" }`,
    `manifest.bad-value | warren.toml:4: "respond" of [[route]] 1 has a body, which an answer of status 204 cannot have`,
  ],
  [
    `${head}[[route]]\nlisten = "tcp://:1"\nredirect = "/a"`,
    `manifest.bad-listen | warren.toml:5: "redirect" of [[route]] 1 cannot be used with listen = "tcp://…", which is not HTTP`,
  ],
  [
    `name = "a"\n[[route]]\nredirect = "/a"\n[[route]]\nhost = "b"`,
    `manifest.missing-key | warren.toml: "program" is missing | [[route]] 2 needs one: it has no redirect, respond or static`,
  ],
  [
    `${head}[[route]]\nstatic = {}`,
    `manifest.bad-static | warren.toml:4: "static" of [[route]] 1 needs a source or a volume`,
  ],
  [
    `${head}[[route]]\nstatic = { source = "a", volume = "b" }`,
    `manifest.bad-static | warren.toml:4: "static.volume" of [[route]] 1 cannot be used together with source`,
  ],
  [`${head}[[route]]\nstatic = ""`, `manifest.bad-static | warren.toml:4: "static" of [[route]] 1 is not a path: ""`],
  [
    `${head}[[route]]\nstatic = { source = "a", spa = "../index.html" }`,
    `manifest.bad-static | warren.toml:4: "static.spa" of [[route]] 1 is not the path of a file in it: "../index.html"`,
  ],
  [
    `${head}[[route]]\nstatic = { source = "a", listing = true }`,
    `manifest.unknown-key | warren.toml:4: "static.listing" of [[route]] 1 is not a known key | known keys: source, volume, spa, cache, immutable`,
  ],
  [
    `${head}[[route]]\nstatic = "a"\nport = 80`,
    `manifest.bad-value | warren.toml:5: "port" of [[route]] 1 cannot be used together with static`,
  ],
  [
    `${head}[[route]]\nstatic = "a"\ncompress = true`,
    `manifest.bad-value | warren.toml:5: "compress" of [[route]] 1 cannot be used together with static`,
  ],
  [
    `${head}[[route]]\nlisten = "tcp://:1"\nstatic = "a"`,
    `manifest.bad-listen | warren.toml:5: "static" of [[route]] 1 cannot be used with listen = "tcp://…", which is not HTTP`,
  ],
  [
    `name = "a"\nargs = ["b"]\n[[route]]\nredirect = "/a"`,
    `manifest.bad-value | warren.toml:2: "args" is for a service with a program`,
  ],
];
