// A web server in C on WASI: one thread, one poll loop, no blocking call but poll itself.
// The host hands it a listening socket as descriptor 3, non-blocking.
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENER = 3, CONNECTIONS_MAX = 128, INPUT_MAX = 8192, OUTPUT_MAX = 512 };

struct connection {
  size_t input_bytes, output_bytes;
  bool closing;
  char input[INPUT_MAX + 1];
  char output[OUTPUT_MAX];
};

// Entry 0 is the listener, entry i the connection i; both arrays stay packed.
static struct pollfd polls[1 + CONNECTIONS_MAX];
static struct connection *connections[1 + CONNECTIONS_MAX];
static int count = 1;
static unsigned long visits = 0;

// The bytes of the first request in the buffer, 0 when it is not complete yet, or -1 when it cannot be understood.
static long request_bytes(const char *input, size_t bytes) {
  const char *end = strstr(input, "\r\n\r\n");
  if (end == NULL) return bytes < INPUT_MAX ? 0 : -1;
  unsigned long body = 0;
  for (const char *line = strstr(input, "\r\n"); line < end; line = strstr(line, "\r\n")) {
    line += 2;
    if (strncasecmp(line, "transfer-encoding:", 18) == 0) return -1;
    if (strncasecmp(line, "content-length:", 15) == 0) body = strtoul(line + 15, NULL, 10);
  }
  size_t head = (size_t)(end - input) + 4;
  if (body > INPUT_MAX - head) return -1;
  return head + body <= bytes ? (long)(head + body) : 0;
}

static void answer(struct connection *c, const char *status, const char *text) {
  c->output_bytes += (size_t)snprintf(c->output + c->output_bytes, OUTPUT_MAX - c->output_bytes,
      "HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n%s\r\n%s",
      status, strlen(text), c->closing ? "Connection: close\r\n" : "", text);
}

// Answers one request of those in the buffer. The next one waits until that answer has left.
static void serve(struct connection *c) {
  if (c->output_bytes > 0 || c->closing) return;
  long bytes = request_bytes(c->input, c->input_bytes);
  if (bytes == 0) return;
  if (bytes < 0) {
    c->closing = true;
    answer(c, "400 Bad Request", "The request is too big, or chunked\n");
  } else if (strncmp(c->input, "GET / ", 6) == 0 || strncmp(c->input, "GET /?", 6) == 0) {
    char text[64];
    snprintf(text, sizeof text, "Hello from C: visit %lu\n", ++visits);
    answer(c, "200 OK", text);
  } else {
    answer(c, "404 Not Found", "There is only /\n");
  }
  if (bytes > 0) {
    c->input_bytes -= (size_t)bytes;
    memmove(c->input, c->input + bytes, c->input_bytes + 1);
  }
}

static void accept_all(void) {
  while (count <= CONNECTIONS_MAX) {
    int fd = accept4(LISTENER, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) return;
    connections[count] = calloc(1, sizeof(struct connection));
    if (connections[count] == NULL) {
      close(fd);
      return;
    }
    polls[count++] = (struct pollfd){.fd = fd};
  }
}

// Returns false when the connection is over.
static bool advance(int i) {
  struct connection *c = connections[i];
  if (polls[i].revents & POLLIN) {
    ssize_t n = recv(polls[i].fd, c->input + c->input_bytes, INPUT_MAX - c->input_bytes, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN)) return false;
    if (n > 0) c->input_bytes += (size_t)n;
    c->input[c->input_bytes] = 0;
  } else if (polls[i].revents & (POLLERR | POLLHUP | POLLNVAL)) {
    return false;
  }
  for (;;) {
    serve(c);
    if (c->output_bytes == 0) return true;
    ssize_t n = send(polls[i].fd, c->output, c->output_bytes, 0);
    if (n < 0) return errno == EAGAIN;
    c->output_bytes -= (size_t)n;
    memmove(c->output, c->output + n, c->output_bytes);
    if (c->output_bytes == 0 && c->closing) return false;
  }
}

int main(void) {
  if (getenv("LISTEN_FDS") == NULL) {
    fprintf(stderr, "no listener was handed over: run this under a host that sets LISTEN_FDS\n");
    return 1;
  }
  polls[0].fd = LISTENER;
  for (;;) {
    // With no place left the listener is left out: wasi-libc refuses an entry that asks for nothing (ENOSYS).
    int full = count > CONNECTIONS_MAX;
    polls[0].events = POLLIN;
    polls[0].revents = 0;
    for (int i = 1; i < count; i++) polls[i].events = connections[i]->output_bytes > 0 ? POLLOUT : POLLIN;
    if (poll(polls + full, (nfds_t)(count - full), -1) < 0 && errno != EINTR) {
      perror("poll");
      return 1;
    }
    // Backwards, so that the last one can take the place of one that ended; new connections come after.
    for (int i = count - 1; i > 0; i--) {
      if (polls[i].revents == 0 || advance(i)) continue;
      close(polls[i].fd);
      free(connections[i]);
      count--;
      polls[i] = polls[count];
      connections[i] = connections[count];
    }
    if (polls[0].revents & POLLIN) accept_all();
  }
}
