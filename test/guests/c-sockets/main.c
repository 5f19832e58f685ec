// A client and server over WasmEdge's socket functions, second version, declared by hand: wasi-libc has none of them.
// What to do is the first argument; each line of output says what was seen.
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))

struct address { void *bytes; uint32_t length; };
struct tagged { uint16_t family; unsigned char data[126]; };
struct sockaddr_data { uint8_t family; uint32_t length; unsigned char *data; };
struct info {
  uint16_t flags; uint8_t family, type; uint32_t protocol, address_length;
  struct sockaddr_data *address; char *name; uint32_t name_length; struct info *next;
};

WASI(sock_open) int32_t sock_open(int32_t family, int32_t type, int32_t *fd);
WASI(sock_bind) int32_t sock_bind(int32_t fd, struct address *address, uint32_t port);
WASI(sock_listen) int32_t sock_listen(int32_t fd, int32_t backlog);
WASI(sock_connect) int32_t sock_connect(int32_t fd, struct address *address, uint32_t port);
WASI(sock_send_to) int32_t sock_send_to(int32_t fd, const struct iovec *iovs, int32_t count, struct address *address, int32_t port, int32_t flags, uint32_t *sent);
WASI(sock_recv_from) int32_t sock_recv_from(int32_t fd, struct iovec *iovs, int32_t count, struct address *address, int32_t flags, uint32_t *port, uint32_t *received, uint32_t *out_flags);
WASI(sock_getlocaladdr) int32_t sock_getlocaladdr(int32_t fd, struct address *address, uint32_t *port);
WASI(sock_getpeeraddr) int32_t sock_getpeeraddr(int32_t fd, struct address *address, uint32_t *port);
WASI(sock_getsockopt) int32_t sock_getsockopt(int32_t fd, int32_t level, int32_t name, void *value, uint32_t *length);
WASI(sock_setsockopt) int32_t sock_setsockopt(int32_t fd, int32_t level, int32_t name, const void *value, uint32_t length);
WASI(sock_getaddrinfo) int32_t sock_getaddrinfo(const char *node, uint32_t node_length, const char *service, uint32_t service_length, const struct info *hints, struct info **results, uint32_t max, uint32_t *count);

enum { V4 = 1, V6 = 2, UNIX = 3, DATAGRAM = 1, STREAM = 2, RESULTS = 8 };
enum { SO_ERROR_ = 2, SO_RCVTIMEO_ = 11 };

static struct tagged tagged;
static struct address any = {&tagged, sizeof tagged};

static void check(const char *what, int32_t error) {
  if (error == 0) return;
  printf("%s: errno %d\n", what, error);
  exit(1);
}

static int open_socket(int family, int type) {
  int32_t fd = -1;
  check("open", sock_open(family, type, &fd));
  return fd;
}

static struct address *parse(const char *text) {
  unsigned a, b, c, d;
  memset(&tagged, 0, sizeof tagged);
  if (sscanf(text, "%u.%u.%u.%u", &a, &b, &c, &d) == 4) {
    tagged.family = V4;
    unsigned char bytes[] = {a, b, c, d};
    memcpy(tagged.data, bytes, 4);
  } else if (text[0] == '/') {
    tagged.family = UNIX;
    strcpy((char *)tagged.data, text);
  } else {
    // Eight groups, none left out.
    tagged.family = V6;
    for (int i = 0; i < 8; i++) {
      unsigned long group = strtoul(text, (char **)&text, 16);
      tagged.data[2 * i] = group >> 8;
      tagged.data[2 * i + 1] = group;
      text++;
    }
  }
  return &any;
}

static struct address *resolve(const char *name, int port) {
  static struct info infos[RESULTS];
  static struct sockaddr_data addresses[RESULTS];
  static unsigned char data[RESULTS][26];
  for (int i = 0; i < RESULTS; i++) {
    addresses[i] = (struct sockaddr_data){.length = 26, .data = data[i]};
    infos[i].address = &addresses[i];
    infos[i].next = i + 1 < RESULTS ? &infos[i + 1] : NULL;
  }
  char service[8];
  snprintf(service, sizeof service, "%d", port);
  struct info hints = {.type = STREAM};
  struct info *results = infos;
  uint32_t count = 0;
  check("getaddrinfo", sock_getaddrinfo(name, strlen(name) + 1, service, strlen(service) + 1, &hints, &results, RESULTS, &count));
  printf("%s has %u: family %d port %d\n", name, count, addresses[0].family, data[0][0] << 8 | data[0][1]);
  memset(&tagged, 0, sizeof tagged);
  tagged.family = addresses[0].family;
  memcpy(tagged.data, data[0] + 2, 16);
  return &any;
}

static void print_peer(int fd) {
  uint32_t port;
  check("getpeeraddr", sock_getpeeraddr(fd, &any, &port));
  printf("peer port %u\n", port);
}

static void talk(int fd, const char *message) {
  // The peer ends when we have ended our side.
  write(fd, message, strlen(message));
  check("shutdown", shutdown(fd, SHUT_WR) == 0 ? 0 : errno);
  static char buffer[65536];
  for (;;) {
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    if (n < 0) {
      if (errno == EAGAIN) {
        poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1);
        continue;
      }
      printf("recv: errno %d\n", errno);
      exit(1);
    }
    if (n == 0) break;
    fwrite(buffer, 1, n, stdout);
  }
  puts("\nended");
}

static int connect_later(struct address *address, int family, int port) {
  int fd = open_socket(family, STREAM);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  int32_t error = sock_connect(fd, address, port);
  printf("connect: errno %d\n", error);
  if (error != 0 && error != EINPROGRESS) exit(1);
  struct pollfd wait = {.fd = fd, .events = POLLOUT};
  poll(&wait, 1, -1);
  int32_t value = -1;
  uint32_t length = sizeof value;
  check("getsockopt", sock_getsockopt(fd, 0, SO_ERROR_, &value, &length));
  printf("SO_ERROR %d\n", value);
  if (value != 0) exit(1);
  return fd;
}

static void datagrams(struct address *address, int port, const char *message, int connected) {
  int fd = open_socket(address->bytes == &tagged ? tagged.family : V4, DATAGRAM);
  int64_t time[2] = {5, 0};
  check("timeout", sock_setsockopt(fd, 0, SO_RCVTIMEO_, time, sizeof time));
  struct iovec out = {(void *)message, strlen(message)};
  uint32_t count, from, flags;
  if (connected) {
    check("connect", sock_connect(fd, address, port));
    print_peer(fd);
    if (send(fd, message, strlen(message), 0) < 0) check("send", errno);
  } else {
    check("send_to", sock_send_to(fd, &out, 1, address, port, 0, &count));
  }
  char buffer[512] = {0};
  struct iovec in = {buffer, sizeof buffer - 1};
  check("recv_from", sock_recv_from(fd, &in, 1, &any, 0, &from, &count, &flags));
  printf("%s from port %u\n", buffer, from);
}

static int listen_on(int port) {
  int fd = open_socket(V4, STREAM);
  check("bind", sock_bind(fd, parse("127.0.0.1"), port));
  check("listen", sock_listen(fd, 8));
  return fd;
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IONBF, 0);
  const char *what = argv[1];
  int port = argc > 3 ? atoi(argv[3]) : 0;
  if (strcmp(what, "client") == 0) {
    int fd = open_socket(V4, STREAM);
    check("connect", sock_connect(fd, resolve(argv[2], port), port));
    print_peer(fd);
    talk(fd, argv[4]);
  } else if (strcmp(what, "later") == 0) {
    int fd = connect_later(parse(argv[2]), tagged.family, port);
    print_peer(fd);
    talk(fd, argv[4]);
  } else if (strcmp(what, "unix") == 0) {
    int fd = open_socket(UNIX, STREAM);
    check("connect", sock_connect(fd, parse(argv[2]), 0));
    talk(fd, argv[3]);
  } else if (strcmp(what, "udp") == 0 || strcmp(what, "connected-udp") == 0) {
    datagrams(parse(argv[2]), port, argv[4], what[0] == 'c');
  } else if (strcmp(what, "timeout") == 0) {
    // Nobody answers: the call must come back by itself.
    int fd = open_socket(V4, STREAM);
    check("connect", sock_connect(fd, parse(argv[2]), port));
    int64_t time[2] = {0, 50000};
    check("setsockopt", sock_setsockopt(fd, 0, SO_RCVTIMEO_, time, sizeof time));
    char byte;
    ssize_t n = recv(fd, &byte, 1, 0);
    printf("recv %zd errno %d\n", n, n < 0 ? errno : 0);
  } else if (strcmp(what, "self") == 0) {
    // Both ends in one thread: a listener on a port of the host's choice, and a connection to it.
    int listener = listen_on(0);
    uint32_t own;
    check("getlocaladdr", sock_getlocaladdr(listener, &any, &own));
    int client = open_socket(V4, STREAM);
    check("connect", sock_connect(client, parse("127.0.0.1"), own));
    int server = accept(listener, NULL, NULL);
    write(client, "to myself", 9);
    char buffer[16] = {0};
    printf("%zd bytes: %s\n", read(server, buffer, sizeof buffer), buffer);
    check("connect to nobody", sock_connect(open_socket(V4, STREAM), parse("127.0.0.1"), own - 1));
  } else if (strcmp(what, "server") == 0) {
    // Two ports; each connection gets one answer.
    struct pollfd polls[2] = {{.fd = listen_on(8080), .events = POLLIN}, {.fd = listen_on(8081), .events = POLLIN}};
    for (;;) {
      poll(polls, 2, -1);
      for (int i = 0; i < 2; i++) {
        if (!(polls[i].revents & POLLIN)) continue;
        int fd = accept(polls[i].fd, NULL, NULL);
        char buffer[512] = {0};
        recv(fd, buffer, sizeof buffer - 1, 0);
        dprintf(fd, "port %d: %s", 8080 + i, buffer);
        close(fd);
      }
    }
  } else if (strcmp(what, "udp-server") == 0) {
    int fd = open_socket(V4, DATAGRAM);
    check("bind", sock_bind(fd, parse("0.0.0.0"), 5353));
    for (;;) {
      char buffer[512];
      struct iovec in = {buffer, sizeof buffer};
      uint32_t from, count, flags;
      check("recv_from", sock_recv_from(fd, &in, 1, &any, 0, &from, &count, &flags));
      struct iovec out[2] = {{"re: ", 4}, {buffer, count}};
      check("send_to", sock_send_to(fd, out, 2, &any, from, 0, &count));
    }
  } else if (strcmp(what, "probe") == 0) {
    // Each address by TCP and by UDP, and what came of it.
    for (int i = 2; i < argc; i++) {
      char *at = strrchr(argv[i], ':');
      *at = 0;
      struct address *address = parse(argv[i]);
      struct iovec out = {"x", 1};
      uint32_t sent;
      int family = tagged.family;
      int tcp = sock_connect(open_socket(family, STREAM), address, atoi(at + 1));
      int udp = sock_send_to(open_socket(family, DATAGRAM), &out, 1, address, atoi(at + 1), 0, &sent);
      printf("%s:%s tcp %d udp %d\n", argv[i], at + 1, tcp, udp);
    }
  }
  return 0;
}
