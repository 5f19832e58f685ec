/** Packages of Go's standard library whose own tests are run, compiled as Go compiles them for wasip1. */
export const plainPackages: readonly string[] = [
  ...["archive/tar", "archive/zip", "bufio", "bytes", "cmp", "context", "database/sql", "embed", "errors", "expvar"],
  ...["compress/bzip2", "compress/flate", "compress/gzip", "compress/lzw", "compress/zlib"],
  ...["container/heap", "container/list", "container/ring"],
  ...["crypto", "crypto/aes", "crypto/cipher", "crypto/ecdh", "crypto/ecdsa", "crypto/ed25519", "crypto/elliptic"],
  ...["crypto/hmac", "crypto/md5", "crypto/rand", "crypto/rsa", "crypto/sha1", "crypto/sha256", "crypto/sha512"],
  ...["crypto/subtle", "crypto/x509"],
  ...["debug/dwarf", "debug/elf", "debug/gosym", "debug/macho", "debug/pe", "debug/plan9obj"],
  ...["encoding/ascii85", "encoding/asn1", "encoding/base32", "encoding/base64", "encoding/binary", "encoding/csv"],
  ...["encoding/gob", "encoding/hex", "encoding/json", "encoding/pem", "encoding/xml"],
  ...["flag", "fmt", "hash/adler32", "hash/crc32", "hash/crc64", "hash/fnv", "hash/maphash"],
  ...["go/ast", "go/constant", "go/doc", "go/format", "go/parser", "go/printer", "go/scanner", "go/token"],
  ...["html", "html/template", "image", "image/color", "image/draw", "image/gif", "image/jpeg", "image/png"],
  ...["index/suffixarray", "internal/fmtsort", "internal/godebug", "internal/poll", "internal/profile"],
  ...["io", "io/fs", "io/ioutil", "log", "log/slog", "maps", "math", "math/big", "math/bits", "math/cmplx"],
  ...["math/rand", "mime", "mime/multipart", "mime/quotedprintable", "net/netip", "net/url"],
  ...["os", "os/exec", "os/signal", "os/user", "path", "path/filepath", "reflect", "regexp", "regexp/syntax"],
  ...["runtime", "runtime/debug", "runtime/metrics", "runtime/trace", "slices", "sort", "strconv", "strings"],
  ...["sync", "sync/atomic", "syscall", "testing", "testing/fstest", "testing/iotest", "testing/quick"],
  ...["text/scanner", "text/tabwriter", "text/template", "time", "unicode", "unicode/utf16", "unicode/utf8"],
];

/** Those that use the network: compiled over the overlay of `warren build`, so that it is Warren's and not one within the process. */
export const networkPackages: readonly string[] = [
  ...["crypto/tls", "net", "net/http", "net/http/cookiejar", "net/http/fcgi", "net/http/httptest"],
  ...["net/http/httptrace", "net/http/httputil", "net/http/pprof", "net/mail", "net/rpc", "net/rpc/jsonrpc"],
  ...["net/smtp", "net/textproto"],
];

/** What CI runs: quick to compile, and the parts that touch the host. */
export const quickPackages = {
  plain: ["io/fs", "os", "path/filepath", "sync"],
  network: ["net", "net/rpc"],
} as const;
