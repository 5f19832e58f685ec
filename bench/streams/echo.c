// A native server for bench/streams.ts: sends back what it gets, over TCP and over UDP, on one port of 127.0.0.1, which it prints. A
// TCP connection that begins as an HTTP request is answered 101 first.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 64 * 1024, BATCH = 32 };
static const char upgraded[] = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

struct connection {
  int fd, begun;
  size_t start, end;
  char buffer[BUFFER];
};

static int poller;
static char datagrams[BATCH][2048];

/** Goes on until one side is full or empty; whether the connection goes on. */
static int advance(struct connection *c) {
  for (;;) {
    if (c->start == c->end) {
      ssize_t n = read(c->fd, c->buffer, BUFFER);
      if (n < 0) return errno == EAGAIN;
      if (n == 0) return 0;
      c->start = 0;
      c->end = (size_t)n;
      if (!c->begun++ && n > 4 && memcmp(c->buffer, "GET ", 4) == 0) {
        memcpy(c->buffer, upgraded, c->end = sizeof upgraded - 1);
      }
    }
    ssize_t n = write(c->fd, c->buffer + c->start, c->end - c->start);
    if (n < 0) return errno == EAGAIN;
    c->start += (size_t)n;
  }
}

static void echo_datagrams(int fd) {
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  struct sockaddr_in names[BATCH];
  for (int i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){datagrams[i], sizeof datagrams[i]};
    messages[i].msg_hdr = (struct msghdr){&names[i], sizeof names[i], &parts[i], 1, 0, 0, 0};
  }
  int count = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
  for (int i = 0; i < count; i++) parts[i].iov_len = messages[i].msg_len;
  if (count > 0) sendmmsg(fd, messages, (unsigned)count, 0);
}

int main(void) {
  int one = 1;
  signal(SIGPIPE, SIG_IGN);
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof name;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
  if (bind(listener, (void *)&name, sizeof name) || listen(listener, 4096)) return 1;
  getsockname(listener, (void *)&name, &length);
  if (bind(udp, (void *)&name, sizeof name)) return 1;
  printf("%d\n", ntohs(name.sin_port));
  fflush(stdout);
  poller = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  event.data.ptr = &udp;
  epoll_ctl(poller, EPOLL_CTL_ADD, udp, &event);
  for (;;) {
    struct epoll_event events[64];
    int count = epoll_wait(poller, events, 64, -1);
    for (int i = 0; i < count; i++) {
      struct connection *c = events[i].data.ptr;
      if (c == (void *)&udp) {
        echo_datagrams(udp);
      } else if (c == NULL) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0) continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct connection *made = calloc(1, sizeof *made);
        made->fd = fd;
        struct epoll_event edge = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = made};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &edge);
      } else if (!advance(c)) {
        close(c->fd);
        free(c);
      }
    }
  }
}
