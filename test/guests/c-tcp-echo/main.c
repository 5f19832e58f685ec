// Sends back what each connection sends, and closes its side when the client has closed its own.
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENER = 3, CONNECTIONS_MAX = 128, BUFFER_BYTES = 8192 };

struct connection {
  bool ended;
  size_t start, end;
  char buffer[BUFFER_BYTES];
};

static struct pollfd polls[1 + CONNECTIONS_MAX];
static struct connection connections[1 + CONNECTIONS_MAX];
static int count = 1;

static bool advance(int i) {
  struct connection *c = &connections[i];
  for (;;) {
    if (c->start == c->end) {
      if (c->ended) return false;
      ssize_t n = recv(polls[i].fd, c->buffer, BUFFER_BYTES, 0);
      if (n < 0) return errno == EAGAIN;
      c->ended = n == 0;
      c->start = 0;
      c->end = (size_t)n;
    } else {
      ssize_t n = send(polls[i].fd, c->buffer + c->start, c->end - c->start, 0);
      if (n < 0) return errno == EAGAIN;
      c->start += (size_t)n;
    }
  }
}

int main(void) {
  polls[0].fd = LISTENER;
  for (;;) {
    // With no place left the listener is left out: wasi-libc refuses an entry that asks for nothing (ENOSYS).
    int full = count > CONNECTIONS_MAX;
    polls[0].events = POLLIN;
    polls[0].revents = 0;
    for (int i = 1; i < count; i++) polls[i].events = connections[i].start < connections[i].end ? POLLOUT : POLLIN;
    if (poll(polls + full, (nfds_t)(count - full), -1) < 0 && errno != EINTR) return 1;
    for (int i = count - 1; i > 0; i--) {
      if (polls[i].revents == 0 || advance(i)) continue;
      close(polls[i].fd);
      count--;
      polls[i] = polls[count];
      memcpy(&connections[i], &connections[count], sizeof connections[i]);
    }
    while ((polls[0].revents & POLLIN) && count <= CONNECTIONS_MAX) {
      int fd = accept4(LISTENER, NULL, NULL, SOCK_NONBLOCK);
      if (fd < 0) break;
      connections[count].ended = false;
      connections[count].start = connections[count].end = 0;
      polls[count++] = (struct pollfd){.fd = fd};
    }
  }
}
