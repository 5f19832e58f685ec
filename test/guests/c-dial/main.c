// Connects to where it is told, by WasmEdge's socket functions (first version), and answers what came of it:
//   /dial?host=H&port=N&text=T   a connection of its own: what it answers to T and the end of it
//   /open?host=H&port=N          a connection that stays
//   /say?text=T                  on that one: as many bytes as were said
//   /udp?host=H&port=N&text=T    a datagram, and the one that comes back
//   /lookup?host=H               the first address
// A call that fails answers "errno N CALL". Before it listens it connects to DIAL=H:N, if there is such a variable.
#include "../include/http.h"
#include <stdint.h>
#include <stdio.h>

#define IMPORT(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) int32_t name

struct address { uint8_t *bytes; uint32_t length; };
struct sockaddr_wasi { uint32_t family; uint32_t length; uint8_t *data; };
struct info {
  uint16_t flags; uint8_t family, type; uint32_t protocol, address_length;
  struct sockaddr_wasi *address; char *name; uint32_t name_length; struct info *next;
};
IMPORT(sock_open)(int32_t family, int32_t type, int32_t *fd);
IMPORT(sock_connect)(int32_t fd, struct address *address, int32_t port);
IMPORT(sock_send_to)(int32_t fd, void *iovs, int32_t count, struct address *to, int32_t port, int32_t flags, uint32_t *sent);
IMPORT(sock_getaddrinfo)(const char *node, uint32_t node_length, const char *service, uint32_t service_length,
                         struct info *hints, struct info **results, uint32_t results_max, uint32_t *count);

enum { DATAGRAM = 1, STREAM = 2, IPV4 = 1, NAME_MAX = 100 };
static int held = -1;

static int failed(char *to, int error, const char *call) {
  sprintf(to, "errno %d %s", error, call);
  return -1;
}

static void part(const struct request *request, const char *name, char *to) {
  size_t length = strlen(name);
  to[0] = 0;
  for (const char *at = request->query; at != NULL && *at != 0; at = strchr(at, '&')) {
    if (*at == '&') at++;
    if (strncmp(at, name, length) != 0 || at[length] != '=') continue;
    at += length + 1;
    http_copy(to, NAME_MAX, at, strcspn(at, "&"));
    return;
  }
}

static int look_up(const char *host, uint8_t ip[4], char *error) {
  static uint8_t data[32];
  static struct sockaddr_wasi address;
  static struct info hints, result, *results;
  memset(&hints, 0, sizeof hints);
  hints.family = IPV4;
  hints.type = STREAM;
  memset(&result, 0, sizeof result);
  address.data = data;
  address.length = sizeof data;
  result.address = &address;
  results = &result;
  uint32_t count = 0;
  int code = sock_getaddrinfo(host, (uint32_t)strlen(host), "", 0, &hints, &results, 1, &count);
  if (code != 0 || count == 0) return failed(error, code, "lookup");
  memcpy(ip, data + 2, 4);
  return 0;
}

static int dial(const char *host, int port, char *error) {
  uint8_t ip[4];
  int fd, code;
  if (look_up(host, ip, error) < 0) return -1;
  if ((code = sock_open(IPV4, STREAM, &fd)) != 0) return failed(error, code, "open");
  struct address to = {ip, 4};
  if ((code = sock_connect(fd, &to, port)) == 0) return fd;
  close(fd);
  return failed(error, code, "connect");
}

static void exchange(int fd, const char *text, size_t wanted, char *answer) {
  size_t got = 0;
  if (send(fd, text, strlen(text), 0) < 0) {
    failed(answer, errno, "send");
    return;
  }
  if (wanted == 0) shutdown(fd, SHUT_WR);
  for (;;) {
    ssize_t n = recv(fd, answer + got, NAME_MAX - got, 0);
    if (n < 0) {
      failed(answer, errno, "recv");
      return;
    }
    got += (size_t)n;
    answer[got] = 0;
    if (n == 0 || got == NAME_MAX || (wanted > 0 && got >= wanted)) return;
  }
}

static void datagram(const char *host, int port, const char *text, char *answer) {
  uint8_t ip[4];
  int fd, code;
  uint32_t sent;
  if (look_up(host, ip, answer) < 0) return;
  if ((code = sock_open(IPV4, DATAGRAM, &fd)) != 0) {
    failed(answer, code, "open");
    return;
  }
  struct address to = {ip, 4};
  struct { const char *at; uint32_t length; } iov = {text, (uint32_t)strlen(text)};
  if ((code = sock_send_to(fd, &iov, 1, &to, port, 0, &sent)) != 0) {
    failed(answer, code, "send");
  } else {
    ssize_t n = read(fd, answer, NAME_MAX);
    if (n < 0) failed(answer, errno, "read");
    else answer[n] = 0;
  }
  close(fd);
}

static void respond(const struct request *request, struct response *response) {
  char host[NAME_MAX + 1], text[NAME_MAX + 1];
  part(request, "host", host);
  part(request, "text", text);
  int port = (int)http_query(request, "port");
  if (strcmp(request->path, "/lookup") == 0) {
    uint8_t ip[4];
    if (look_up(host, ip, response->text) == 0) sprintf(response->text, "%d.%d.%d.%d", ip[0], ip[1], ip[2], ip[3]);
  } else if (strcmp(request->path, "/dial") == 0) {
    int fd = dial(host, port, response->text);
    if (fd < 0) return;
    exchange(fd, text, 0, response->text);
    close(fd);
  } else if (strcmp(request->path, "/open") == 0) {
    if (held >= 0) close(held);
    held = dial(host, port, response->text);
    if (held >= 0) strcpy(response->text, "open");
  } else if (strcmp(request->path, "/say") == 0) {
    exchange(held, text, strlen(text), response->text);
  } else if (strcmp(request->path, "/udp") == 0) {
    datagram(host, port, text, response->text);
  }
}

int main(void) {
  char *first = getenv("DIAL");
  if (first != NULL) {
    char answer[NAME_MAX + 1], host[NAME_MAX + 1];
    http_copy(host, sizeof host, first, strcspn(first, ":"));
    int fd = dial(host, atoi(strchr(first, ':') + 1), answer);
    http_log(fd < 0 ? answer : "connected at the start");
    if (fd < 0) return 1;
    close(fd);
  }
  return http_serve(3);
}
