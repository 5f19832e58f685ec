// Load for bench/streams.ts: `load tcp|ws|udp PORT SECONDS CONNECTIONS WRITE WINDOW`. Each connection has at most WINDOW bytes on their way
// and sends them in pieces of WRITE. Prints how many bytes came back. A `ws` connection is first upgraded from HTTP.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 1024, BUFFER = 256 * 1024 };
static const char upgrade[] =
    "GET / HTTP/1.1\r\nHost: ws.bench.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
static char buffer[BUFFER];
static struct pollfd polls[CONNECTIONS_MAX];
static long away[CONNECTIONS_MAX];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int count, char **args) {
  if (count != 7) return 2;
  int udp = strcmp(args[1], "udp") == 0, ws = strcmp(args[1], "ws") == 0, one = 1;
  double end = now() + atof(args[3]);
  int connections = atoi(args[4]);
  long size = atol(args[5]), window = atol(args[6]), came = 0;
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(args[2]))};
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < connections; i++) {
    int fd = polls[i].fd = socket(AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
    if (connect(fd, (void *)&name, sizeof name)) return perror("connect"), 1;
    if (!udp) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (ws) {
      size_t got = 0;
      if (write(fd, upgrade, sizeof upgrade - 1) < 0) return 1;
      while (got < 4 || memcmp(buffer + got - 4, "\r\n\r\n", 4)) {
        ssize_t n = read(fd, buffer + got, 1);
        if (n <= 0 || memcmp(buffer, "HTTP/1.1 101", got < 12 ? got : 12)) return fprintf(stderr, "no 101\n"), 1;
        got += (size_t)n;
      }
    }
  }
  while (now() < end) {
    for (int i = 0; i < connections; i++) polls[i].events = POLLIN | (away[i] + size <= window ? POLLOUT : 0);
    if (poll(polls, (nfds_t)connections, 200) == 0) {
      // Datagrams were lost.
      for (int i = 0; i < connections; i++) away[i] = 0;
      continue;
    }
    for (int i = 0; i < connections; i++) {
      if (polls[i].revents & POLLIN) {
        ssize_t n = recv(polls[i].fd, buffer, BUFFER, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != ECONNREFUSED)) return perror("recv"), 1;
        if (n > 0) came += n, away[i] -= n;
      }
      while (away[i] + size <= window) {
        ssize_t n = send(polls[i].fd, buffer, (size_t)size, MSG_DONTWAIT);
        if (n <= 0) break;
        away[i] += n;
      }
    }
  }
  printf("%ld\n", came);
}
