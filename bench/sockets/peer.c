// Both ends of a TCP connection for bench/sockets.ts. `serve` (native only) prints its port and serves one connection after the
// other; `send PORT BYTES`, `receive PORT BYTES` and `echo PORT COUNT` do that much over one and print how many nanoseconds it
// took, and of CPU.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024, MESSAGE = 64 };
static char buffer[CHUNK];

static uint64_t now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static int send_all(int fd, uint64_t bytes) {
  while (bytes > 0) {
    ssize_t n = write(fd, buffer, bytes < CHUNK ? bytes : CHUNK);
    if (n <= 0) return -1;
    bytes -= n;
  }
  return 0;
}

static int receive_all(int fd, uint64_t bytes) {
  while (bytes > 0) {
    ssize_t n = read(fd, buffer, bytes < CHUNK ? bytes : CHUNK);
    if (n <= 0) return -1;
    bytes -= n;
  }
  return 0;
}

#ifdef __wasi__
struct address { void *bytes; uint32_t length; };
__attribute__((import_module("wasi_snapshot_preview1"), import_name("sock_open"))) int32_t sock_open(int32_t family, int32_t type, int32_t *fd);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("sock_connect"))) int32_t sock_connect(int32_t fd, struct address *address, uint32_t port);

static int dial(int port) {
  int32_t fd = -1;
  unsigned char ip[4] = {127, 0, 0, 1};
  struct address address = {ip, 4};
  return sock_open(1, 2, &fd) || sock_connect(fd, &address, port) ? -1 : fd;
}
static uint64_t cpu(void) { return 0; }
static int serve(void) { return 1; }
#else
#include <netinet/tcp.h>

static struct sockaddr_in loopback(int port) {
  return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static int dial(int port) {
  struct sockaddr_in to = loopback(port);
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ? -1 : fd;
}
static uint64_t cpu(void) { return now(CLOCK_PROCESS_CPUTIME_ID); }

static int serve(void) {
  struct sockaddr_in at = loopback(0);
  socklen_t length = sizeof at;
  int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  if (bind(listener, (struct sockaddr *)&at, length) < 0 || listen(listener, 16) < 0) return 1;
  getsockname(listener, (struct sockaddr *)&at, &length);
  printf("%d\n", ntohs(at.sin_port));
  fflush(stdout);
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct { char what; uint64_t amount; } __attribute__((packed)) order;
    if (read(fd, &order, sizeof order) == sizeof order) {
      if (order.what == 's' && receive_all(fd, order.amount) == 0) send_all(fd, 1);
      if (order.what == 'r') send_all(fd, order.amount);
      if (order.what == 'e')
        while (order.amount-- > 0 && receive_all(fd, MESSAGE) == 0) send_all(fd, MESSAGE);
    }
    close(fd);
  }
}
#endif

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "serve") == 0) return serve();
  if (argc != 4) return 2;
  int fd = dial(atoi(argv[2]));
  if (fd < 0) return 1;
  struct { char what; uint64_t amount; } __attribute__((packed)) order = {argv[1][0], strtoull(argv[3], NULL, 10)};
  write(fd, &order, sizeof order);
  uint64_t began = now(CLOCK_MONOTONIC), cpu_before = cpu();
  int failed = 0;
  if (order.what == 's') failed = send_all(fd, order.amount) || receive_all(fd, 1);
  else if (order.what == 'r') failed = receive_all(fd, order.amount);
  else
    for (uint64_t i = 0; i < order.amount && !failed; i++) failed = send_all(fd, MESSAGE) || receive_all(fd, MESSAGE);
  printf("%llu %llu\n", (unsigned long long)(now(CLOCK_MONOTONIC) - began), (unsigned long long)(cpu() - cpu_before));
  return failed;
}
