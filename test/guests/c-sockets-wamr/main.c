// A client and server over the socket functions of WAMR (wasi_socket_ext.h), declared by hand.
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))

struct address {
  int32_t kind;
  union {
    struct { unsigned char bytes[4]; uint16_t port; } v4;
    struct { uint16_t groups[8]; uint16_t port; } v6;
  };
};
struct info { struct address address; int32_t type; };
struct hints { int32_t type, family; uint8_t enabled; };

WASI(sock_open) int32_t sock_open(int32_t pool, int32_t family, int32_t type, int32_t *fd);
WASI(sock_bind) int32_t sock_bind(int32_t fd, struct address *address);
WASI(sock_listen) int32_t sock_listen(int32_t fd, int32_t backlog);
WASI(sock_connect) int32_t sock_connect(int32_t fd, struct address *address);
WASI(sock_addr_local) int32_t sock_addr_local(int32_t fd, struct address *address);
WASI(sock_addr_remote) int32_t sock_addr_remote(int32_t fd, struct address *address);
WASI(sock_addr_resolve) int32_t sock_addr_resolve(const char *host, const char *service, struct hints *hints, struct info *infos, uint32_t size, uint32_t *count);
WASI(sock_send_to) int32_t sock_send_to(int32_t fd, const struct iovec *iovs, uint32_t count, int32_t flags, const struct address *to, uint32_t *sent);
WASI(sock_recv_from) int32_t sock_recv_from(int32_t fd, struct iovec *iovs, uint32_t count, int32_t flags, struct address *from, uint32_t *received);
WASI(sock_set_recv_timeout) int32_t sock_set_recv_timeout(int32_t fd, int64_t micros);
WASI(sock_get_recv_timeout) int32_t sock_get_recv_timeout(int32_t fd, uint64_t *micros);
WASI(sock_set_tcp_no_delay) int32_t sock_set_tcp_no_delay(int32_t fd, int32_t on);
WASI(sock_get_tcp_no_delay) int32_t sock_get_tcp_no_delay(int32_t fd, bool *on);
WASI(sock_close) int32_t sock_close(int32_t fd);

enum { V4, V6, UNSPECIFIED, DATAGRAM = 0, STREAM = 1 };

static void check(const char *what, int32_t error) {
  if (error == 0) return;
  printf("%s: errno %d\n", what, error);
  exit(1);
}

static int open_socket(int type) {
  int32_t fd = -1;
  check("open", sock_open(-1, V4, type, &fd));
  return fd;
}

static struct address resolve(const char *name, const char *port, int type) {
  struct info infos[4];
  uint32_t count = 0;
  struct hints hints = {type, V4, 1};
  check("resolve", sock_addr_resolve(name, port, &hints, infos, 4, &count));
  printf("%s has %u\n", name, count);
  if (count == 0) exit(1);
  return infos[0].address;
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IONBF, 0);
  const char *what = argv[1];
  char buffer[512] = {0};
  if (strcmp(what, "client") == 0) {
    struct address peer = resolve(argv[2], argv[3], STREAM);
    int fd = open_socket(STREAM);
    bool on = false;
    check("set", sock_set_tcp_no_delay(fd, 1));
    check("get", sock_get_tcp_no_delay(fd, &on));
    check("connect", sock_connect(fd, &peer));
    check("remote", sock_addr_remote(fd, &peer));
    printf("peer port %u no delay %d\n", peer.v4.port, on);
    send(fd, argv[4], strlen(argv[4]), 0);
    shutdown(fd, SHUT_WR);
    for (ssize_t n; (n = recv(fd, buffer, sizeof buffer, 0)) > 0;) fwrite(buffer, 1, n, stdout);
    puts("\nended");
    check("close", sock_close(fd));
  } else if (strcmp(what, "udp") == 0) {
    struct address peer = resolve(argv[2], argv[3], DATAGRAM), from;
    int fd = open_socket(DATAGRAM);
    uint64_t micros = 0;
    check("timeout", sock_set_recv_timeout(fd, 5000000));
    check("timeout", sock_get_recv_timeout(fd, &micros));
    uint32_t count;
    struct iovec out = {argv[4], strlen(argv[4])}, in = {buffer, sizeof buffer - 1};
    check("send_to", sock_send_to(fd, &out, 1, 0, &peer, &count));
    check("recv_from", sock_recv_from(fd, &in, 1, 0, &from, &count));
    printf("%s from port %u (timeout %u)\n", buffer, from.v4.port, (unsigned)micros);
  } else if (strcmp(what, "server") == 0) {
    int listener = open_socket(STREAM);
    struct address own = {.kind = V4, .v4 = {.port = 8080}};
    check("bind", sock_bind(listener, &own));
    check("listen", sock_listen(listener, 8));
    check("local", sock_addr_local(listener, &own));
    for (;;) {
      int fd = accept(listener, NULL, NULL);
      memset(buffer, 0, sizeof buffer);
      recv(fd, buffer, sizeof buffer - 1, 0);
      dprintf(fd, "port %u: %s", own.v4.port, buffer);
      sock_close(fd);
    }
  }
  return 0;
}
