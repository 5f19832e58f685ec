// Load for bench/accept.ts: `connect churn PORT SECONDS CONNECTIONS` connects, sends a byte, waits for it to come back and closes, with so
// many at a time; prints how many were done, how many were not answered within a second, and the 50th, 99th and highest time in µs.
// `connect hold PORT COUNT` opens so many, prints a line, and holds them until its standard input ends.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 1024, TIMES_MAX = 1 << 22 };
static struct pollfd polls[CONNECTIONS_MAX];
static double begun[CONNECTIONS_MAX];
static int times[TIMES_MAX];
static struct sockaddr_in name = {.sin_family = AF_INET};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static int dial(void) {
  struct linger at_once = {1, 0};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  // Closed by a reset: no port of ours waits.
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  if (fd < 0 || connect(fd, (void *)&name, sizeof name)) return perror("connect"), exit(1), 1;
  return fd;
}

static int ascending(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

int main(int count, char **args) {
  char byte = 'x';
  if (count < 4) return 2;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  name.sin_port = htons((unsigned short)atoi(args[2]));
  if (strcmp(args[1], "hold") == 0) {
    for (int i = atoi(args[3]); i > 0; i--) dial();
    puts("held");
    fflush(stdout);
    while (read(0, &byte, 1) > 0);
    return 0;
  }
  int connections = atoi(args[4]);
  long done = 0, late = 0;
  double end = now() + atof(args[3]);
  for (int i = 0; i < connections; i++) {
    begun[i] = now();
    polls[i] = (struct pollfd){dial(), POLLIN, 0};
    if (write(polls[i].fd, &byte, 1) < 0) return 1;
  }
  for (double time = now(); time < end; time = now()) {
    poll(polls, (nfds_t)connections, 100);
    time = now();
    for (int i = 0; i < connections; i++) {
      if (!(polls[i].revents & (POLLIN | POLLHUP | POLLERR)) && time - begun[i] < 1) continue;
      if (time - begun[i] >= 1) late++;
      else if (done < TIMES_MAX) times[done++] = (int)((time - begun[i]) * 1e6);
      close(polls[i].fd);
      begun[i] = now();
      polls[i].fd = dial();
      if (write(polls[i].fd, &byte, 1) < 0) return 1;
    }
  }
  qsort(times, (size_t)done, sizeof *times, ascending);
  printf("%ld %ld %d %d %d\n", done, late, times[done / 2], times[done * 99 / 100], times[done ? done - 1 : 0]);
}
