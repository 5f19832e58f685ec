// A small HTTP/1.1 server for test guests: one thread, one poll loop, keep-alive, pipelining, bodies of any size in both
// directions with a fixed amount of memory. A guest includes it and defines `respond`.
#pragma once
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

// poll() of wasi-libc takes 160 bytes of the stack for each: these fit the linker's default of 64 KiB.
#ifndef CONNECTIONS_MAX
#define CONNECTIONS_MAX 256
#endif
#ifndef BUFFER_BYTES
#define BUFFER_BYTES 4096
#endif
// Of a long body, sent or received at once.
#ifndef PIECE_BYTES
#define PIECE_BYTES 32768
#endif

struct request {
  const char *method, *path, *query;
  // Bytes of the body, once it has been read to its end.
  unsigned long long body_bytes;
};

struct response {
  int status;
  // The body is `text`, then `filler` times the letter x.
  char text[256];
  unsigned long long filler;
};

// Called when the request's body has been read to its end. The text starts empty and the status is 200.
static void respond(const struct request *request, struct response *response);

enum phase { HEAD, BODY, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER, ANSWER };

struct connection {
  enum phase phase;
  bool closing;
  char method[8], path[128], query[128];
  unsigned long long body_bytes, body_left, filler;
  // Input that was not understood yet, and what is to be sent before the filler.
  unsigned input_bytes, output_bytes, output_sent;
  char input[BUFFER_BYTES + 1];
  char output[512];
};

static struct pollfd http_polls[1 + CONNECTIONS_MAX];
static struct connection *http_connections[1 + CONNECTIONS_MAX];
static int http_count = 1;
static char http_filler[PIECE_BYTES];
static char http_sink[PIECE_BYTES];

// Decimal digits without stdio, which would be most of the module.
static unsigned http_number(char *to, unsigned long long value) {
  char digits[20];
  unsigned n = 0;
  do digits[n++] = (char)('0' + value % 10);
  while ((value /= 10) > 0);
  for (unsigned i = 0; i < n; i++) to[i] = digits[n - 1 - i];
  to[n] = 0;
  return n;
}

static void http_log(const char *text) {
  write(2, text, strlen(text));
  write(2, "\n", 1);
}

static inline unsigned long long http_query(const struct request *request, const char *name) {
  size_t length = strlen(name);
  for (const char *at = request->query; at != NULL && *at != 0; at = strchr(at, '&')) {
    if (*at == '&') at++;
    if (strncmp(at, name, length) == 0 && at[length] == '=') return strtoull(at + length + 1, NULL, 10);
  }
  return 0;
}

static void http_copy(char *to, size_t size, const char *from, size_t bytes) {
  if (bytes >= size) bytes = size - 1;
  memcpy(to, from, bytes);
  to[bytes] = 0;
}

static void http_put(struct connection *c, const char *text) {
  size_t bytes = strlen(text);
  if (bytes > sizeof c->output - c->output_bytes) bytes = sizeof c->output - c->output_bytes;
  memcpy(c->output + c->output_bytes, text, bytes);
  c->output_bytes += (unsigned)bytes;
}

static void http_answer(struct connection *c) {
  struct response response = {.status = 200};
  struct request request = {c->method, c->path, c->query, c->body_bytes};
  respond(&request, &response);
  char number[24];
  c->phase = ANSWER;
  c->output_bytes = c->output_sent = 0;
  c->filler = response.filler;
  http_put(c, "HTTP/1.1 ");
  http_number(number, (unsigned long long)response.status);
  http_put(c, number);
  http_put(c, " Status\r\nContent-Type: text/plain\r\nContent-Length: ");
  http_number(number, strlen(response.text) + response.filler);
  http_put(c, number);
  http_put(c, c->closing ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n");
  if (strcmp(c->method, "HEAD") == 0) c->filler = 0;
  else http_put(c, response.text);
}

// Reads the head that ends at `end`. Returns false when it is not HTTP.
static bool http_head(struct connection *c, const char *end) {
  const char *method = strchr(c->input, ' ');
  const char *target = method == NULL ? NULL : strchr(method + 1, ' ');
  if (target == NULL || target > end) return false;
  const char *query = memchr(method + 1, '?', (size_t)(target - method - 1));
  const char *path_end = query == NULL ? target : query;
  http_copy(c->method, sizeof c->method, c->input, (size_t)(method - c->input));
  http_copy(c->path, sizeof c->path, method + 1, (size_t)(path_end - method - 1));
  http_copy(c->query, sizeof c->query, path_end + (query != NULL), (size_t)(target - path_end) - (query != NULL));
  c->body_bytes = c->body_left = 0;
  c->phase = BODY;
  for (const char *line = strstr(c->input, "\r\n"); line < end; line = strstr(line, "\r\n")) {
    line += 2;
    if (strncasecmp(line, "content-length:", 15) == 0) c->body_left = strtoull(line + 15, NULL, 10);
    if (strncasecmp(line, "transfer-encoding: chunked", 26) == 0) c->phase = CHUNK_SIZE;
    if (strncasecmp(line, "connection: close", 17) == 0) c->closing = true;
  }
  return true;
}

static void http_drop(struct connection *c, size_t bytes) {
  c->input_bytes -= (unsigned)bytes;
  memmove(c->input, c->input + bytes, c->input_bytes + 1);
}

// One step over the buffered input. Returns 1 for progress, 0 when more is needed, -1 when the connection is to end.
static int http_step(struct connection *c) {
  char *line_end = strstr(c->input, "\r\n");
  switch (c->phase) {
    case HEAD: {
      char *end = strstr(c->input, "\r\n\r\n");
      if (end == NULL) return c->input_bytes == BUFFER_BYTES ? -1 : 0;
      if (!http_head(c, end)) return -1;
      http_drop(c, (size_t)(end - c->input) + 4);
      if (c->phase == BODY && c->body_left == 0) http_answer(c);
      return 1;
    }
    case BODY:
    case CHUNK_DATA: {
      unsigned long long bytes = c->input_bytes < c->body_left ? c->input_bytes : c->body_left;
      if (bytes == 0) return 0;
      c->body_bytes += bytes;
      c->body_left -= bytes;
      http_drop(c, (size_t)bytes);
      if (c->body_left > 0) return 1;
      if (c->phase == BODY) http_answer(c);
      else c->phase = CHUNK_END;
      return 1;
    }
    case CHUNK_SIZE:
      if (line_end == NULL) return c->input_bytes == BUFFER_BYTES ? -1 : 0;
      c->body_left = strtoull(c->input, NULL, 16);
      c->phase = c->body_left > 0 ? CHUNK_DATA : TRAILER;
      http_drop(c, (size_t)(line_end - c->input) + 2);
      return 1;
    case CHUNK_END:
      if (c->input_bytes < 2) return 0;
      http_drop(c, 2);
      c->phase = CHUNK_SIZE;
      return 1;
    case TRAILER: {
      if (line_end == NULL) return c->input_bytes == BUFFER_BYTES ? -1 : 0;
      bool last = line_end == c->input;
      http_drop(c, (size_t)(line_end - c->input) + 2);
      if (last) http_answer(c);
      return 1;
    }
    case ANSWER:
      return 0;
  }
  return -1;
}

// Sends what can be sent now. Returns 1 when the answer is out, 0 when the socket is full, -1 at the connection's end.
static int http_send(struct connection *c, int fd) {
  while (c->output_sent < c->output_bytes) {
    ssize_t n = send(fd, c->output + c->output_sent, c->output_bytes - c->output_sent, 0);
    if (n < 0) return errno == EAGAIN ? 0 : -1;
    c->output_sent += (unsigned)n;
  }
  while (c->filler > 0) {
    ssize_t n = send(fd, http_filler, c->filler < sizeof http_filler ? (size_t)c->filler : sizeof http_filler, 0);
    if (n < 0) return errno == EAGAIN ? 0 : -1;
    c->filler -= (unsigned long long)n;
  }
  if (c->closing) return -1;
  c->phase = HEAD;
  return 1;
}

// A long body is read past the buffer, in pieces of up to PIECE_BYTES.
static ssize_t http_receive(struct connection *c, int fd) {
  if ((c->phase == BODY || c->phase == CHUNK_DATA) && c->input_bytes == 0 && c->body_left > BUFFER_BYTES) {
    size_t size = c->body_left - 1 < sizeof http_sink ? (size_t)c->body_left - 1 : sizeof http_sink;
    ssize_t n = recv(fd, http_sink, size, 0);
    if (n > 0) c->body_bytes += (unsigned long long)n, c->body_left -= (unsigned long long)n;
    return n;
  }
  ssize_t n = recv(fd, c->input + c->input_bytes, BUFFER_BYTES - c->input_bytes, 0);
  if (n > 0) c->input_bytes += (unsigned)n;
  c->input[c->input_bytes] = 0;
  return n;
}

// Returns false when the connection is over.
static bool http_advance(int i) {
  struct connection *c = http_connections[i];
  int fd = http_polls[i].fd;
  if (http_polls[i].revents & POLLIN) {
    ssize_t n = http_receive(c, fd);
    if (n == 0 || (n < 0 && errno != EAGAIN)) return false;
  } else if (http_polls[i].revents & (POLLERR | POLLHUP | POLLNVAL)) {
    return false;
  }
  for (;;) {
    int step = c->phase == ANSWER ? http_send(c, fd) : http_step(c);
    if (step <= 0) return step == 0;
  }
}

// Serves the listener for ever.
static int http_serve(int listener) {
  http_polls[0].fd = listener;
  memset(http_filler, 'x', sizeof http_filler);
  for (;;) {
    // When it is full the listener is left out: wasi-libc refuses an entry that asks for nothing (ENOSYS).
    int full = http_count > CONNECTIONS_MAX;
    http_polls[0].events = POLLIN;
    http_polls[0].revents = 0;
    for (int i = 1; i < http_count; i++) http_polls[i].events = http_connections[i]->phase == ANSWER ? POLLOUT : POLLIN;
    if (poll(http_polls + full, (nfds_t)(http_count - full), -1) < 0 && errno != EINTR) {
      http_log("poll failed");
      return 1;
    }
    // Backwards, so that the last one can take the place of one that ended; new connections come after.
    for (int i = http_count - 1; i > 0; i--) {
      if (http_polls[i].revents == 0 || http_advance(i)) continue;
      close(http_polls[i].fd);
      free(http_connections[i]);
      http_count--;
      http_polls[i] = http_polls[http_count];
      http_connections[i] = http_connections[http_count];
    }
    while ((http_polls[0].revents & POLLIN) && http_count <= CONNECTIONS_MAX) {
      int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
      if (fd < 0) break;
      struct connection *c = calloc(1, sizeof *c);
      if (c == NULL) {
        close(fd);
        break;
      }
      http_connections[http_count] = c;
      http_polls[http_count++] = (struct pollfd){.fd = fd};
    }
  }
}
